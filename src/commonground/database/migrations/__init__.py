"""Brings a database to the schema of this release. A database that is up to date costs one query, without alembic.

After a change to ``database/schema``, ``python -m commonground.database.migrations "Add a column"`` writes the next
revision; read it, complete it, and name it in ``HEAD``.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from commonground.database import engine as engines
from commonground.database.failures import translate
from commonground.errors import DatabaseTooNew, DatabaseUnavailable

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0004"
"""The newest revision of this release."""

_LOCK_NUMBER = 0x6D696772617465  # held by the process that migrates a PostgreSQL database


def current(database_url: str) -> str | None:
    """The revision of a database; ``None`` when it is new. :class:`DatabaseUnavailable` when it does not answer."""
    if engines.is_sqlite(database_url) and not engines.sqlite_path(database_url).exists():
        return None
    engine = create_engine(database_url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return _revision(connection)
    except SQLAlchemyError as error:
        raise translate(error) from error
    finally:
        engine.dispose()


def migrate(database_url: str, target: str = HEAD) -> bool:
    """Bring the database up to ``target``, all of it or nothing; whether there was anything to do.

    Processes that start together wait for the one that migrates. :class:`DatabaseTooNew` when the database was
    written by a newer release.
    """
    if current(database_url) == target:
        return False
    engine = engines.migrator(database_url)
    try:
        with engine.connect() as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})"))
            _upgrade(connection, target)
            _check_references(connection)
    except SQLAlchemyError as error:
        raise translate(error) from error
    finally:
        engine.dispose()
    return True


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def alembic_config(connection: Connection) -> "Config":
    """What alembic is told: where the revisions are, and the connection (in a transaction) to run them on."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection, target: str) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory

    config = alembic_config(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    revision = _revision(connection)
    if revision is not None and revision not in known:
        raise DatabaseTooNew(revision=revision)
    command.upgrade(config, target)


def _check_references(connection: Connection) -> None:
    """Tables of SQLite are rebuilt with references unchecked, so they are checked before the commit."""
    if connection.dialect.name == "sqlite" and (
        broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    ):
        raise DatabaseUnavailable(reason=f"a migration left a dangling reference in {broken[0]}")
