"""What to paste into a fairseq2 program."""

from commonground.errors import BadRequest
from commonground.gateways.fairseq2.wire import read_section
from commonground.http.gateway import Snippet, Use


def snippets(use: Use) -> list[Snippet]:
    """The cards, and the model by its name."""
    repository = use.repository
    try:
        read_section(repository.card)
    except BadRequest:
        return []
    code = (
        f"# commonground fairseq2 install-cards --endpoint {use.origin}\n"
        "from fairseq2.models.hub import load_model\n\n"
        f'model = load_model("{repository.full_name}")\n'
    )
    return [Snippet("fairseq2", "python", code)] if repository.kind == "model" else []
