"""Runs database work: reads on a bounded thread pool, writes as short transactions.

On SQLite one writer thread per process groups waiting writes into one transaction (a SAVEPOINT each, acknowledged after
the COMMIT), so one fsync serves many callers. On PostgreSQL every write is its own transaction on the pool.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from commonground.database import engine as engines
from commonground.errors import DatabaseUnavailable, StorageFull

P = ParamSpec("P")
T = TypeVar("T")
Work = Callable[[Connection], Any]

GROUP = 64
RETRIES = 5


class Database:
    """The database of one process. ``work`` is a function ``(connection, *arguments) -> result`` and must not keep
    the connection; it runs in a thread, at most once per successful call, in one transaction.
    """

    def __init__(self, url: str, threads: int = 4) -> None:
        self.url = url
        self.is_sqlite = engines.is_sqlite(url)
        self._writer: _Writer | _PooledWriter
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="database")
        if self.is_sqlite:
            self._writer = _GroupingWriter(url)
        self.engine = engines.reader(url, threads + 4)
        if not self.is_sqlite:
            self._writer = _PooledWriter(self.engine, threads)

    async def read(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of ``work`` on one consistent snapshot."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, partial(self.read_now, work, *args, **kwargs))

    async def write(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of ``work`` once its transaction is durable."""
        return await asyncio.wrap_future(self._writer.submit(lambda c: work(c, *args, **kwargs)))

    async def lookup(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Like :meth:`read`, for a few point queries by key: on SQLite they cost less than a change of thread, so they
        run on the calling thread.
        """
        if self.is_sqlite:
            return self.read_now(work, *args, **kwargs)
        return await self.read(work, *args, **kwargs)

    def read_now(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Like :meth:`read`, for code that already runs in a thread."""
        try:
            with self.engine.connect() as connection:
                return work(connection, *args, **kwargs)
        except DBAPIError as error:
            raise _translate(error) from error

    def write_now(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Like :meth:`write`, for code that already runs in a thread."""
        return self._writer.submit(lambda c: work(c, *args, **kwargs)).result()

    def close(self) -> None:
        """Finish pending writes and close all connections."""
        self._writer.close()
        self._pool.shutdown(wait=True)
        self.engine.dispose()


class _Writer:
    def submit(self, work: Callable[[Connection], T]) -> "Future[T]":
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class _GroupingWriter(_Writer):
    """The SQLite writer thread. A failing request is rolled back alone; a failing COMMIT fails its whole group."""

    def __init__(self, url: str) -> None:
        self._engine = engines.writer(url)
        self._queue: SimpleQueue[tuple[Work, Future[Any]] | None] = SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="database-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Connection], T]) -> "Future[T]":
        future: Future[T] = Future()
        if self._closed:
            future.set_exception(DatabaseUnavailable(reason="closed"))
        else:
            self._queue.put((work, future))
        return future

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()
            self._engine.dispose()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group = [first]
            while len(group) < GROUP:
                try:
                    request = self._queue.get_nowait()
                except Empty:
                    break
                if request is None:
                    self._queue.put(None)
                    break
                group.append(request)
            self._commit([(w, f) for w, f in group if f.set_running_or_notify_cancel()])

    def _commit(self, group: list[tuple[Work, Future[Any]]]) -> None:
        outcomes: list[tuple[Future[Any], Any]] = []
        try:
            with self._engine.connect() as connection, connection.begin():
                for work, future in group:
                    try:
                        with connection.begin_nested():
                            outcomes.append((future, work(connection)))
                    except Exception as error:  # noqa: BLE001 - handed to the caller who owns this request
                        future.set_exception(_translate(error))
        except Exception as error:  # noqa: BLE001 - the COMMIT failed: nobody of the group may believe it was saved
            for _, future in group:
                if not future.done():
                    future.set_exception(_translate(error))
            return
        for future, result in outcomes:
            future.set_result(result)


class _PooledWriter(_Writer):
    """One transaction a request on the PostgreSQL pool, retried on serialisation failures and deadlocks."""

    def __init__(self, engine: Engine, threads: int) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="database-writer")

    def submit(self, work: Callable[[Connection], T]) -> "Future[T]":
        return self._pool.submit(self._transact, work)

    def close(self) -> None:
        self._pool.shutdown(wait=True)

    def _transact(self, work: Callable[[Connection], T]) -> T:
        for attempt in range(RETRIES):
            try:
                with self._engine.begin() as connection:
                    return work(connection)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", "") not in {"40001", "40P01"} or attempt == RETRIES - 1:
                    raise _translate(error) from error
        raise DatabaseUnavailable(reason="too many serialisation failures")


def _translate(error: Exception) -> Exception:
    if not isinstance(error, DBAPIError):
        return error
    text = str(error.orig)
    if "disk is full" in text or "disk I/O error" in text or getattr(error.orig, "sqlstate", "") == "53100":
        return StorageFull()
    if isinstance(error, OperationalError):
        return DatabaseUnavailable(reason=text.splitlines()[0] if text else "no answer")
    return error
