"""The cards of fairseq2, which hold addresses that open what they name."""

from tests.system.house import READ
from tests.system.operations.model import Operation, listing

ROUTE, PATH = "GET /api/fairseq2/cards.yaml", "/api/fairseq2/cards.yaml"


def operations() -> list[Operation]:
    """All of them."""
    return [listing(ROUTE, READ, f"{PATH}?owner=annex"), listing(ROUTE, READ, PATH)]
