import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine, inspect, text
from sqlalchemy.types import Boolean, LargeBinary, String

from commonground.database import Database, migrations
from commonground.database.migrations import HEAD, current, migrate
from commonground.database.migrations.__main__ import write_revision
from commonground.database.schema import metadata
from commonground.errors import DatabaseTooNew, DatabaseUnavailable
from tests.support import postgres

REVISIONS = [
    script.revision for script in ScriptDirectory(str(Path(migrations.__file__).parent)).walk_revisions("base", "heads")
][::-1]


def tables(connection: Connection) -> dict[str, Any]:
    """Everything the catalogue says of the tables, by name."""
    seen = inspect(connection)
    return {
        name: {
            "columns": {c["name"]: (str(c["type"]), c["nullable"], c["default"]) for c in seen.get_columns(name)},
            "key": seen.get_pk_constraint(name),
            "references": sorted(map(str, seen.get_foreign_keys(name))),
            "unique": sorted(str(u["column_names"]) for u in seen.get_unique_constraints(name)),
        }
        for name in seen.get_table_names()
        if name != "alembic_version"
    }


def definitions(connection: Connection) -> list[Any]:
    """The indexes and what the schema objects cannot express (full-text tables, triggers), as the database says them."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name, CASE WHEN type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' THEN '' ELSE sql END FROM sqlite_master WHERE name NOT LIKE '%alembic%'"
    else:
        query = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname='public' AND tablename <> 'alembic_version'"
        )
    return sorted(tuple(row) for row in connection.execute(text(query)))


def options(connection: Connection) -> dict[str, tuple[bool, bool]]:
    """SQLite: which tables have no row id, and which never give an id twice."""
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type='table' AND sql IS NOT NULL"))
    return {name: ("WITHOUT ROWID" in sql, "AUTOINCREMENT" in sql) for name, sql in rows if "alembic" not in name}


@pytest.fixture
def wanted(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """The schema that the tables in code describe, in a database of its own."""
    if database_url.startswith("sqlite"):
        yield create_engine(f"sqlite:///{tmp_path}/wanted.sqlite3")
        return
    with postgres.fresh_database(request.getfixturevalue("postgres_cluster").address) as address:
        engine = create_engine(address)
        yield engine
        engine.dispose()


def is_comparable(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    return kind != "index" and (kind != "table" or name in metadata.tables)  # see definitions() for indexes


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_the_migrated_schema_is_the_one_in_code(database_url: str, wanted: Any) -> None:
    migrate(database_url)
    engine = create_engine(database_url)
    with engine.connect() as migrated, wanted.begin() as described:
        metadata.create_all(described)
        context = MigrationContext.configure(migrated, opts={"include_object": is_comparable})
        assert compare_metadata(context, metadata) == []
        assert tables(migrated) == tables(described)
        assert definitions(migrated) == definitions(described)
        if migrated.dialect.name == "sqlite":
            assert options(migrated) == options(described)
    engine.dispose()


def seed(connection: Connection) -> dict[str, int]:
    """One row in every table, every column filled; the number of rows by table."""
    reflected = MetaData()
    reflected.reflect(connection)
    for table in reflected.sorted_tables:
        if table.name in metadata.tables:
            connection.execute(table.insert(), {column.name: _value(column.type) for column in table.columns})
    return count(connection)


def _value(kind: Any) -> Any:
    if isinstance(kind, LargeBinary):
        return b"x" * 32
    if isinstance(kind, Boolean):
        return False
    return "{}" if isinstance(kind, String) else 1


def count(connection: Connection) -> dict[str, int]:
    names = [name for name in inspect(connection).get_table_names() if name in metadata.tables]
    return {name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in names}


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_filled_database_of_every_release_is_upgraded_without_loss(database_url: str, revision: str) -> None:
    migrate(database_url, revision)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        before = seed(connection)
    migrate(database_url)
    assert current(database_url) == HEAD
    with engine.connect() as connection:
        after = count(connection)
    engine.dispose()
    assert before
    assert before.items() <= after.items()
    assert set(before.values()) == {1}


def test_migrating_twice_does_nothing(database_url: str) -> None:
    assert current(database_url) is None
    assert migrate(database_url) is True
    assert current(database_url) == HEAD
    assert migrate(database_url) is False


def test_processes_that_start_together_migrate_once(database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate(database_url), range(4)))
    assert current(database_url) == HEAD


def test_a_newer_database_is_left_alone(database_url: str) -> None:
    migrate(database_url)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(DatabaseTooNew, match="9999"):
        migrate(database_url)
    assert current(database_url) == "9999"


def test_a_failing_migration_leaves_nothing(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE xorb (mine INTEGER)"))
    with pytest.raises(Exception, match="xorb"):
        migrate(database_url)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["xorb"]
    engine.dispose()


def test_an_unreachable_database_is_unavailable() -> None:
    with pytest.raises(DatabaseUnavailable):
        migrate("postgresql+psycopg://nobody@127.0.0.1:1/none")


def test_asking_for_the_revision_makes_no_file(tmp_path: Path) -> None:
    assert current(f"sqlite:///{tmp_path}/absent.sqlite3") is None
    assert list(tmp_path.iterdir()) == []


def test_the_head_is_the_newest_revision() -> None:
    assert REVISIONS[-1] == HEAD


def test_an_up_to_date_database_does_not_load_the_migration_tool(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.sqlite3"
    migrate(url)
    program = f"import sys; from commonground.database.migrations import migrate; migrate({url!r}); print('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.anyio
async def test_a_migrated_database_is_ready_for_use(database_url: str) -> None:
    from commonground.accounts.service import Accounts

    migrate(database_url)
    database = Database(database_url)
    try:
        assert (await Accounts(database).create_user("alice")).name == "alice"
    finally:
        database.close()


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_the_next_revision_is_drafted_from_the_tables_in_code(tmp_path: Path) -> None:
    from sqlalchemy import Column, Integer, Table

    added = Table("added", metadata, Column("id", Integer, primary_key=True))
    try:
        draft = write_revision("Add a table", tmp_path)
    finally:
        metadata.remove(added)
    text_of_it = draft.read_text()
    assert draft.name == f"{int(HEAD) + 1:04d}_add_a_table.py"
    assert f"down_revision = '{HEAD}'" in text_of_it
    assert text_of_it.count("op.create_table") == 1
    assert "op.drop" not in text_of_it
