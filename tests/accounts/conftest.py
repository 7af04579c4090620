from collections.abc import AsyncIterator

import pytest
from argon2 import PasswordHasher

from commonground.accounts.passwords import Passwords
from commonground.accounts.service import Accounts
from commonground.database import Database
from tests.support.databases import database, database_url, postgres_cluster, sqlite

__all__ = ["database", "database_url", "postgres_cluster", "sqlite"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def quick() -> Passwords:
    """Real argon2id at the lowest cost."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
async def accounts(database: Database, quick: Passwords) -> AsyncIterator[Accounts]:
    made = Accounts(database, passwords=quick)
    yield made
    await made.close()
