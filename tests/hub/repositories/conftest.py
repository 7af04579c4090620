from collections.abc import Iterator
from pathlib import Path

import pytest

from commonground.database import Database
from commonground.database.schema import metadata
from tests.hub.repositories.world import World, populated
from tests.support.databases import database, database_url, postgres_cluster

__all__ = ["database", "database_url", "postgres_cluster"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two users and an organisation, on SQLite."""
    database = Database(f"sqlite:///{tmp_path}/hub.sqlite3")
    database.write_now(metadata.create_all)
    yield populated(database)
    database.close()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
