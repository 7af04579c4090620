"""Point queries on SQLite, without the cost of a pool."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

T = TypeVar("T")


class Lookups:
    """One reading connection a thread, kept open: taking one from a pool, beginning and giving it back through
    SQLAlchemy costs more than the query. ``engine`` must not begin transactions itself.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept = threading.local()
        self._open: list[Connection] = []

    def run(self, work: Callable[[Connection], T]) -> T:
        """The result of ``work`` on one consistent snapshot."""
        connection, driver = self._connection()
        driver.execute("BEGIN")
        try:
            return work(connection)
        finally:
            driver.rollback()

    def close(self) -> None:
        """Close the connections of all threads; none of them may be looking anything up."""
        while self._open:
            self._open.pop().close()

    def _connection(self) -> tuple[Connection, Any]:
        found: tuple[Connection, Any] | None = getattr(self._kept, "connection", None)
        if found is None:
            connection = self._engine.connect()
            self._open.append(connection)
            found = self._kept.connection = (connection, connection.connection.dbapi_connection)
        return found
