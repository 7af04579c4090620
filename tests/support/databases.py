"""Fixtures that run a test on every database: import ``postgres_cluster``, ``database_url`` and ``database``."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from commonground.database import Database
from commonground.database.schema import metadata
from tests.support import postgres


@dataclass
class Cluster:
    """A PostgreSQL server: ``address`` of its maintenance database, and one database that tests use in turn."""

    address: str

    @cached_property
    def shared(self) -> str:
        """The address of a database with the whole schema, empty at the start of each test."""
        address = postgres.create_database(self.address)
        engine = create_engine(address)
        metadata.create_all(engine)
        engine.dispose()
        return address

    def empty(self) -> None:
        """Take out what a test left in the shared database."""
        engine = create_engine(self.shared)
        with engine.begin() as connection:
            names = ", ".join(f'"{name}"' for name in inspect(connection).get_table_names())
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        engine.dispose()


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """One PostgreSQL server for the whole run."""
    with postgres.cluster() as address:
        yield Cluster(address)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database without tables, on SQLite and then on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/database.sqlite3"
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    with postgres.fresh_database(cluster.address) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with the whole schema, on SQLite and then on PostgreSQL."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path}/database.sqlite3")
        made.write_now(metadata.create_all)
        yield made
        made.close()
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    made = Database(cluster.shared)
    yield made
    made.close()
    cluster.empty()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    """An SQLite database with the whole schema, for what does not depend on the engine."""
    made = Database(f"sqlite:///{tmp_path}/database.sqlite3")
    made.write_now(metadata.create_all)
    yield made
    made.close()
