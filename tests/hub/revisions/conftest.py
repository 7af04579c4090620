"""A real database, a real store and a repository in it."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Connection, insert, select

from commonground.accounts.model import Principal
from commonground.database import Database
from commonground.database.schema import metadata
from commonground.database.schema.accounts import account
from commonground.database.schema.hub import repository as repository_table
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.service import Revisions, write_initial_commit
from commonground.settings import Settings
from commonground.store.backends import LocalBackend
from commonground.store.service import Store

ADA = Principal(account_id=1, name="ada", via="token", token_role="write")
EVE = Principal(account_id=2, name="eve", via="token", token_role="write")


class NobodyReads:
    """A guard that lets nobody read other repositories."""

    def readable(self, connection: Connection, account_id: int | None, repository_ids: Sequence[int]) -> set[int]:
        return set()


class Hub(NamedTuple):
    database: Database
    store: Store
    revisions: Revisions
    settings: Settings

    def create(self, name: str = "bert", files: dict[str, bytes] | None = None) -> Repository:
        return self.database.write_now(create_repository, name, {"README.md": b"# Hi\n"} if files is None else files)

    def reload(self, repository: Repository) -> Repository:
        return self.database.read_now(load_repository, repository.id)


def prepare(url: str) -> None:
    """The schema, and two accounts."""
    database = Database(url)
    database.write_now(metadata.create_all)
    database.write_now(_accounts)
    database.close()


def open_hub(url: str, directory: Path) -> Hub:
    settings = Settings(data=directory, public_url="https://hub.example")
    database = Database(url)
    store = Store(database, LocalBackend(directory / "store"), settings, NobodyReads())
    return Hub(database, store, Revisions(database, store, settings), settings)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("revisions") / "prepared.sqlite3"
    prepare(f"sqlite:///{path}")
    return path


@pytest.fixture
def hub(tmp_path: Path, prepared: Path) -> Iterator[Hub]:
    shutil.copy(prepared, tmp_path / "hub.sqlite3")
    made = open_hub(f"sqlite:///{tmp_path}/hub.sqlite3", tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def repository(hub: Hub) -> Repository:
    return hub.create()


def create_repository(connection: Connection, name: str, files: dict[str, bytes]) -> Repository:
    row = {
        "kind": "model",
        "owner_id": 1,
        "name": name,
        "name_key": name,
        "visibility": "public",
        "created_at": 1,
        "updated_at": 1,
    }
    identity = connection.execute(insert(repository_table).values(row).returning(repository_table.c.id)).scalar_one()
    write_initial_commit(connection, identity, "ada", "ada@users.noreply.hub.example", files, 1_700_000_000_000)
    return load_repository(connection, identity)


def load_repository(connection: Connection, identity: int) -> Repository:
    row = connection.execute(select(repository_table).where(repository_table.c.id == identity)).one()
    return Repository(
        id=row.id,
        kind="model",
        owner_id=1,
        owner="ada",
        name=row.name,
        visibility="public",
        default_branch=row.default_branch,
        head=row.head.hex() if row.head else None,
        updated_at=row.updated_at,
        used_storage=row.used_storage,
    )


def _accounts(connection: Connection) -> None:
    for identity, name in enumerate(("ada", "eve"), 1):
        row = {"id": identity, "kind": "user", "name": name, "name_key": name, "created_at": 1}
        connection.execute(insert(account).values(row))
