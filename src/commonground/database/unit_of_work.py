"""Runs database work: reads on a bounded thread pool, writes as short transactions.

On SQLite one writer thread per process groups waiting writes into one transaction (a SAVEPOINT each, acknowledged after
the COMMIT), so one fsync serves many callers. On PostgreSQL every write is its own transaction on the pool.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from commonground.database import engine as engines
from commonground.database.failures import translate
from commonground.database.lookups import Lookups
from commonground.database.signals import Signals
from commonground.database.writers import GroupingWriter, PooledWriter, Writer

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """The database of one process. ``work`` is a function ``(connection, *arguments) -> result`` and must not keep
    the connection; it runs in a thread, in one transaction. When that transaction is lost to no fault of the work
    (a deadlock, a neighbour filling the disk) it runs again, so it must have no effects but on the database.

    A caller that is cancelled before its write began leaves no trace; later, the write is finished without it.
    """

    def __init__(self, url: str, threads: int = 4) -> None:
        self.url = url
        self.is_sqlite = engines.is_sqlite(url)
        self.signals = Signals()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="database")
        self._lookup_pool = ThreadPoolExecutor(threads, thread_name_prefix="database-lookup")
        self._writer: Writer
        if self.is_sqlite:
            self._writer = GroupingWriter(url, self.signals)
            self.engine = engines.reader(url, threads + 4)
            self._lookups = Lookups(engines.looker(url))
        else:
            pool = engines.pool(url, threads)
            self._writer = PooledWriter(pool, threads, self.signals)
            self.engine = engines.snapshots(pool)

    async def read(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of ``work`` on one consistent snapshot."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, partial(self.read_now, work, *args, **kwargs))

    async def write(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of ``work`` once its transaction is durable."""
        return await asyncio.wrap_future(self._writer.submit(lambda c: work(c, *args, **kwargs)))

    async def lookup(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Like :meth:`read`, for a few point queries by key, which never wait for slow reads. On SQLite they cost less
        than a change of thread, so they run on the calling thread.
        """
        if not self.is_sqlite:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._lookup_pool, partial(self.read_now, work, *args, **kwargs))
        try:
            return self._lookups.run(lambda connection: work(connection, *args, **kwargs))
        except SQLAlchemyError as error:
            raise translate(error) from error

    def read_now(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Like :meth:`read`, for code that already runs in a thread."""
        try:
            with self.engine.connect() as connection:
                return work(connection, *args, **kwargs)
        except SQLAlchemyError as error:
            raise translate(error) from error

    def write_now(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Like :meth:`write`, for code that already runs in a thread."""
        return self._writer.submit(lambda c: work(c, *args, **kwargs)).result()

    def close(self) -> None:
        """Finish pending writes and close all connections."""
        self._writer.close()
        self._pool.shutdown(wait=True)
        self._lookup_pool.shutdown(wait=True)
        self.engine.dispose()
        if self.is_sqlite:
            self._lookups.close()
