from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.repositories.world import World, open_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two users and an organisation."""
    with open_world(tmp_path) as made:
        made.account("Alice")
        made.account("bob")
        made.account("lab", kind="organization", default_visibility="private")
        yield made


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
