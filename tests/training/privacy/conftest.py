from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.compute.runs.house import House, house
from tests.support import postgres
from tests.support.databases import Cluster, postgres_cluster

__all__ = ["postgres_cluster"]


@pytest.fixture(params=["sqlite", "postgresql"])
async def home(request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str) -> AsyncIterator[House]:
    """A hub without a worker, on SQLite and then on PostgreSQL."""
    if request.param == "sqlite":
        async with house(tmp_path) as made:
            yield made
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    with postgres.fresh_database(cluster.address) as address:
        url = address.replace("postgresql+psycopg://", "postgresql://")
        async with house(tmp_path, database_url=url) as made:
            yield made


@pytest.fixture
async def idle(tmp_path: Path, anyio_backend: str) -> AsyncIterator[House]:
    """A hub without a worker, for what does not depend on the database."""
    async with house(tmp_path) as made:
        yield made
