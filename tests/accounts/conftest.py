import pytest

from tests.support.databases import database, database_url, postgres_cluster, sqlite

__all__ = ["database", "database_url", "postgres_cluster", "sqlite"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
