from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.compute.runs.house import House, house
from tests.support.databases import database_url, postgres_cluster

__all__ = ["database_url", "postgres_cluster"]


@pytest.fixture
async def home(tmp_path: Path, database_url: str, anyio_backend: str) -> AsyncIterator[House]:
    """A hub without a worker, on either database."""
    settings = {} if database_url.startswith("sqlite") else {"database_url": database_url.replace("+psycopg", "")}
    async with house(tmp_path, **settings) as made:
        yield made
