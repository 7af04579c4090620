import pytest

from commonground.community.likes.service import Likes
from commonground.database import Database
from tests.hub.repositories.world import World, populated
from tests.support.databases import database, database_url, postgres_cluster

__all__ = ["database", "database_url", "postgres_cluster"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def world(database: Database) -> World:
    """Two users and an organisation, on SQLite and then on PostgreSQL."""
    return populated(database)


@pytest.fixture
def likes(world: World) -> Likes:
    return Likes(world.database, world.repositories, clock=lambda: world.now)
