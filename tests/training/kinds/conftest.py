from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.training.kinds.school import School, school


@pytest.fixture
async def classes(tmp_path: Path, anyio_backend: str) -> AsyncIterator[School]:
    """A hub with a worker that has room for many processes."""
    async with school(tmp_path) as made:
        yield made
