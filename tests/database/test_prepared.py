import pytest
from sqlalchemy import Connection, bindparam, select

from commonground.database import Database
from commonground.database.prepared import Prepared
from commonground.database.schema.accounts import account
from tests.support.databases import database, database_url, postgres_cluster

__all__ = ["database", "database_url", "postgres_cluster"]

COLUMNS = (account.c.id, account.c.name, account.c.is_admin, account.c.disabled_at.label("gone"))
BY_NAME = select(*COLUMNS).where(account.c.name_key == bindparam("key"))
STATEMENT = Prepared(BY_NAME)
BOTH = Prepared(select(*COLUMNS).where(account.c.kind == "user").order_by(account.c.name))


@pytest.fixture
def filled(database: Database) -> Database:
    def fill(connection: Connection) -> None:
        for name, is_admin in (("ada", True), ("bob", False)):
            values = {"kind": "user", "name": name, "name_key": name, "is_admin": is_admin, "created_at": 1}
            connection.execute(account.insert().values(**values))

    database.write_now(fill)
    return database


def test_rows_are_those_of_the_statement(filled: Database) -> None:
    def work(connection: Connection) -> None:
        expected = connection.execute(BY_NAME, {"key": "ada"}).first()
        row = STATEMENT.first(connection, {"key": "ada"})
        assert tuple(row) == tuple(expected or ())
        assert (row.name, row.is_admin, row.gone) == ("ada", True, None)

    filled.read_now(work)


def test_constants_of_the_statement_stay_in_it(filled: Database) -> None:
    assert [row.is_admin for row in filled.read_now(lambda c: BOTH.all(c, {}))] == [True, False]


def test_no_row_is_none(filled: Database) -> None:
    assert filled.read_now(lambda connection: STATEMENT.first(connection, {"key": "nobody"})) is None


@pytest.mark.anyio
async def test_it_sees_the_snapshot_of_its_lookup(filled: Database) -> None:
    def twice(connection: Connection) -> tuple[bool, bool]:
        before = STATEMENT.first(connection, {"key": "bob"}).is_admin
        filled.write_now(lambda c: c.execute(account.update().values(is_admin=True)))
        return before, STATEMENT.first(connection, {"key": "bob"}).is_admin

    before, after = await filled.read(twice)
    assert before == after
