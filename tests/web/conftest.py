from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.hub import Hub, running


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def hub(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Hub]:
    async with running(tmp_path) as made:
        yield made
