"""How writes become durable: grouped on SQLite's one writer thread, or one transaction each on a PostgreSQL pool."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from commonground.database import engine as engines
from commonground.database import signals as signalled
from commonground.database.failures import RETRIED, sqlstate, translate
from commonground.database.signals import Signals
from commonground.errors import DatabaseUnavailable

T = TypeVar("T")
Work = Callable[[Connection], Any]
Request = tuple[Work, Future[Any]]

GROUP = 64
RETRIES = 5


class Writer(Protocol):
    """Takes writes; a future is done when its transaction is durable or has failed."""

    def submit(self, work: Callable[[Connection], T]) -> "Future[T]":
        """Run ``work`` in a transaction."""
        ...

    def close(self) -> None:
        """Finish what was submitted."""
        ...


class _TransactionLost(Exception):
    """SQLite rolled the whole group back while ``position`` was running."""

    def __init__(self, position: int, cause: BaseException) -> None:
        self.position, self.cause = position, cause


class GroupingWriter:
    """The SQLite writer thread. A failing request is rolled back alone; a failing COMMIT fails its whole group."""

    def __init__(self, url: str, signals: Signals) -> None:
        self._engine = engines.writer(url)
        self._signals = signals
        self._queue: SimpleQueue[Request | None] = SimpleQueue()
        self._submitting = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="database-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Connection], T]) -> "Future[T]":
        """Queue ``work`` for the next group."""
        future: Future[T] = Future()
        with self._submitting:
            if self._closed:
                future.set_exception(DatabaseUnavailable(reason="closed"))
            else:
                self._queue.put((work, future))
        return future

    def close(self) -> None:
        """Write what is queued and end the thread."""
        with self._submitting:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        self._engine.dispose()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group = [first, *self._more()]
            self._commit([(work, future) for work, future in group if future.set_running_or_notify_cancel()])

    def _more(self) -> list[Request]:
        group: list[Request] = []
        while len(group) < GROUP - 1:
            try:
                request = self._queue.get_nowait()
            except Empty:
                break
            if request is None:
                self._queue.put(None)  # it is the last one: the next turn of the loop ends
                break
            group.append(request)
        return group

    def _commit(self, group: list[Request]) -> None:
        while group:
            try:
                outcomes, names = self._transact([work for work, _ in group])
            except _TransactionLost as lost:
                group.pop(lost.position)[1].set_exception(translate(lost.cause))  # the others did nothing wrong
                continue
            except BaseException as error:  # noqa: BLE001 - no COMMIT: nobody of the group may believe it was saved
                outcomes, names = [(None, error)] * len(group), set()
            self._signals.fire(names)
            for (_, future), (result, failure) in zip(group, outcomes, strict=True):
                if failure is None:
                    future.set_result(result)
                else:
                    future.set_exception(translate(failure))
            return

    def _transact(self, works: list[Work]) -> tuple[list[tuple[Any, BaseException | None]], set[str]]:
        with self._engine.connect() as connection:
            with connection.begin():
                outcomes = [_attempt(connection, work, position) for position, work in enumerate(works)]
            return outcomes, signalled.take(connection)


def _attempt(connection: Connection, work: Work, position: int) -> tuple[Any, BaseException | None]:
    failures: list[BaseException] = []
    try:
        with connection.begin_nested():
            return _noting(failures, work, connection), None
    except BaseException as error:
        cause = next(iter(failures), error)  # not the failure to roll back what is gone already
        if not connection.connection.driver_connection.in_transaction:  # type: ignore[union-attr]
            raise _TransactionLost(position, cause) from error
        return None, cause


def _noting(failures: list[BaseException], work: Work, connection: Connection) -> Any:
    try:
        return work(connection)
    except BaseException as error:
        failures.append(error)
        raise


class PooledWriter:
    """One transaction a request on the PostgreSQL pool, retried on serialisation failures and deadlocks."""

    def __init__(self, engine: Engine, threads: int, signals: Signals) -> None:
        self._engine = engine
        self._signals = signals
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="database-writer")

    def submit(self, work: Callable[[Connection], T]) -> "Future[T]":
        """Run ``work`` on a thread of the pool."""
        try:
            return self._pool.submit(self._transact, work)
        except RuntimeError:
            future: Future[T] = Future()
            future.set_exception(DatabaseUnavailable(reason="closed"))
            return future

    def close(self) -> None:
        """Wait for running transactions."""
        self._pool.shutdown(wait=True)

    def _transact(self, work: Callable[[Connection], T]) -> T:
        for attempt in range(RETRIES):
            try:
                return self._once(work)
            except SQLAlchemyError as error:
                if sqlstate(error) not in RETRIED or attempt == RETRIES - 1:
                    raise translate(error) from error
                time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - spreads the rivals, no secret
        raise AssertionError("unreachable")

    def _once(self, work: Callable[[Connection], T]) -> T:
        with self._engine.connect() as connection:
            with connection.begin():
                result = work(connection)
            names = signalled.take(connection)
        self._signals.fire(names)
        return result
