from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection

from commonground.database import Database
from commonground.settings import Settings
from commonground.store.backends import open_backend
from commonground.store.maintenance import Maintenance
from commonground.store.service import Store
from tests.support.databases import database, database_url, postgres_cluster

__all__ = ["database", "database_url", "postgres_cluster"]

ALICE, BOB = 1, 2
OPEN, SECRET = 10, 20
"""A repository everybody may read, and one only Alice may."""


class Guard:
    def readable(self, connection: Connection, account_id: int | None, repository_ids: Sequence[int]) -> set[int]:
        return {at for at in repository_ids if at == OPEN or (at == SECRET and account_id == ALICE)}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, inline_verify_limit=2**20)


@pytest.fixture
def store(database: Database, settings: Settings) -> Store:
    """An empty store on every database."""
    return Store(database, open_backend(settings), settings, Guard())


@pytest.fixture
def maintenance(store: Store, settings: Settings) -> Maintenance:
    return Maintenance(store, settings)
