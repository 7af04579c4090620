"""Checksums in both databases."""

from commonground.database import Database
from commonground.gateways.kaggle import queries
from tests.support.databases import database, database_url, postgres_cluster

__all__ = ["database", "database_url", "postgres_cluster"]


def test_an_md5_is_kept_once(database: Database) -> None:
    sha256, md5 = b"s" * 32, b"m" * 16
    assert database.read_now(queries.find_md5, sha256) is None
    for value in (md5, b"other".ljust(16)):
        database.write_now(queries.keep_md5, sha256, value)
        assert database.read_now(queries.find_md5, sha256) == md5
