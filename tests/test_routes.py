"""What the route table means for names: nobody may be called like an address of the server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from commonground.accounts.names import RESERVED, is_name
from commonground.app import routes
from commonground.http.routing import Route, Router
from commonground.services import Services
from commonground.settings import Settings


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


async def table(folder: Path) -> list[Route]:
    async with await Services.open(Settings(data=folder)) as services:
        return list(routes(services, Router()))


def first_words(template: str) -> Iterator[str]:
    """What the first segment may be: itself, or each of the words it lists; nothing for a free one."""
    segment = template.split("/")[1]
    if not segment.startswith("{"):
        yield segment
    elif ":" in segment:
        yield from segment[1:-1].partition(":")[2].split("|")


@pytest.mark.anyio
async def test_every_first_word_of_an_address_is_a_reserved_owner_name(tmp_path: Path) -> None:
    words = {word for route in await table(tmp_path) for word in first_words(route.template)}
    assert {"api", "datasets", "settings", "xet"} <= words
    assert {word for word in words if is_name(word)} <= RESERVED
