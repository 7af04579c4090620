import pytest

from tests.support.databases import database, database_url, postgres_cluster

__all__ = ["database", "database_url", "postgres_cluster"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
