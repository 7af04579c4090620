"""SQLAlchemy engines with the pragmas and pool sizes this project relies on."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import NullPool

BUSY_MILLISECONDS = 30_000


def is_sqlite(url: str) -> bool:
    """Whether the address names an SQLite file."""
    return make_url(url).get_backend_name() == "sqlite"


def reader(url: str, threads: int) -> Engine:
    """An engine for reading an SQLite file: its connections refuse writes."""
    engine = create_engine(url, pool_size=threads, max_overflow=0)
    _on_connect(engine, ["PRAGMA query_only=ON"])
    _begin_reading(engine)
    return engine


def looker(url: str) -> Engine:
    """Like :func:`reader`, for :class:`Lookups`: a connection stays with its thread and begins nothing itself."""
    engine = create_engine(url, poolclass=NullPool, connect_args={"check_same_thread": False})  # closed by another
    _on_connect(engine, ["PRAGMA query_only=ON"])
    return engine


def pool(url: str, threads: int) -> Engine:
    """The PostgreSQL connections of a process: ``threads`` each for reading, for lookups and for writing."""
    options = f"-c lock_timeout={BUSY_MILLISECONDS} -c timezone=UTC"
    return create_engine(
        url,
        pool_size=threads,
        max_overflow=2 * threads,
        pool_pre_ping=True,
        connect_args={"options": options, "connect_timeout": 10},
    )


def snapshots(engine: Engine) -> Engine:
    """The same PostgreSQL connections for reading: all statements of a transaction see one snapshot."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writer(url: str) -> Engine:
    """The single-connection SQLite engine of the writer thread."""
    sqlite_path(url).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, pool_size=1, max_overflow=0)
    _on_connect(engine, ["PRAGMA journal_size_limit=67108864"])
    _begin_with(engine, "BEGIN IMMEDIATE")
    return engine


def migrator(url: str) -> Engine:
    """The engine of a schema change: one connection, one transaction, and on SQLite no reference followed, because
    rebuilding a table would take its dependants along.
    """
    if not is_sqlite(url):
        return create_engine(url, poolclass=NullPool)
    sqlite_path(url).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, poolclass=NullPool)
    _on_connect(engine, ["PRAGMA foreign_keys=OFF"])
    _begin_with(engine, "BEGIN IMMEDIATE")
    return engine


def sqlite_path(url: str) -> Path:
    """The file of an SQLite database."""
    return Path(make_url(url).database or "")


def _on_connect(engine: Engine, pragmas: list[str]) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours: the driver would start deferred transactions
        for pragma in [
            f"PRAGMA busy_timeout={BUSY_MILLISECONDS}",
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",  # NORMAL loses acknowledged commits on a power cut
            "PRAGMA foreign_keys=ON",
            "PRAGMA cache_size=-32768",
            "PRAGMA mmap_size=268435456",
            "PRAGMA temp_store=MEMORY",
            *pragmas,
        ]:
            connection.execute(pragma)


def _begin_with(engine: Engine, statement: str) -> None:
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)


def _begin_reading(engine: Engine) -> None:
    """Like ``BEGIN`` through SQLAlchemy, at a tenth of its time: a deferred transaction cannot fail to begin."""

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        driver.execute("BEGIN")
