"""Fixtures that run a test on every database: import ``postgres_cluster``, ``database_url`` and ``database``."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from commonground.database import Database
from commonground.database.schema import metadata
from tests.support import postgres


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[str]:
    """The address of one PostgreSQL server for the whole run."""
    with postgres.cluster() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, on SQLite and then on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/database.sqlite3"
        return
    with postgres.fresh_database(request.getfixturevalue("postgres_cluster")) as address:
        yield address


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the whole schema."""
    with ExitStack() as stack:
        made = Database(database_url)
        stack.callback(made.close)
        made.write_now(metadata.create_all)
        yield made


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    """An SQLite database with the whole schema, for what does not depend on the engine."""
    made = Database(f"sqlite:///{tmp_path}/database.sqlite3")
    made.write_now(metadata.create_all)
    yield made
    made.close()
