from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.compute.runs.house import House, house, working


@pytest.fixture
async def idle(tmp_path: Path, anyio_backend: str) -> AsyncIterator[House]:
    """A hub without a worker."""
    async with house(tmp_path) as made:
        yield made


@pytest.fixture
async def home(idle: House) -> AsyncIterator[House]:
    """A hub with a worker."""
    async with working(idle.services):
        yield idle
