from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from commonground.database import Database
from commonground.database import engine as engines
from commonground.database.lookups import Lookups


@pytest.fixture
def url(tmp_path: Path) -> str:
    address = f"sqlite:///{tmp_path}/x.sqlite3"
    database = Database(address)
    database.write_now(lambda connection: connection.execute(text("CREATE TABLE t (x INTEGER)")))
    database.close()
    return address


def _count(connection: Connection) -> int:
    count: int = connection.execute(text("SELECT count(*) FROM t")).scalar_one()
    return count


def test_a_lookup_sees_what_was_committed_since_the_last(url: str) -> None:
    lookups, database = Lookups(engines.looker(url)), Database(url)
    assert lookups.run(_count) == 0
    database.write_now(lambda connection: connection.execute(text("INSERT INTO t VALUES (1)")))
    assert lookups.run(_count) == 1
    lookups.close()
    database.close()


def test_all_statements_of_a_lookup_see_one_snapshot(url: str) -> None:
    lookups, database = Lookups(engines.looker(url)), Database(url)

    def twice(connection: Connection) -> tuple[int, int]:
        before = _count(connection)
        database.write_now(lambda writing: writing.execute(text("INSERT INTO t VALUES (1)")))
        return before, _count(connection)

    assert lookups.run(twice) == (0, 0)
    assert lookups.run(_count) == 1
    lookups.close()
    database.close()


def test_a_failed_lookup_leaves_the_connection_usable(url: str) -> None:
    lookups = Lookups(engines.looker(url))
    with pytest.raises(OperationalError):
        lookups.run(lambda connection: connection.execute(text("SELECT * FROM missing")))
    assert lookups.run(_count) == 0
    lookups.close()


def test_a_lookup_cannot_write(url: str) -> None:
    lookups = Lookups(engines.looker(url))
    with pytest.raises(OperationalError, match="readonly"):
        lookups.run(lambda connection: connection.execute(text("INSERT INTO t VALUES (1)")))
    assert lookups.run(_count) == 0
    lookups.close()
