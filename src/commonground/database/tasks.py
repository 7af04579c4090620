"""The durable task queue: steps of a task (see ``task_queries``) and the worker that runs handlers."""

import asyncio
import os
import random
import socket
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from commonground.database import task_queries as queries
from commonground.database.clock import now_ms
from commonground.database.task_queries import Task, cancel, claim, complete, enqueue, fail, find, heartbeat, hold
from commonground.database.unit_of_work import Database
from commonground.errors import CommongroundError, DatabaseUnavailable, TaskLost
from commonground.telemetry import QUEUED, TASKS, logger

__all__ = [
    "Handler",
    "Running",
    "Task",
    "Worker",
    "cancel",
    "claim",
    "complete",
    "enqueue",
    "fail",
    "find",
    "heartbeat",
    "hold",
]

DAY = 86_400_000
KEPT_DAYS = 7
HOUSEKEEPING_SECONDS = 60.0
ERROR_LIMIT = 4000


class Running:
    """A task while its handler runs."""

    def __init__(self, task: Task, database: Database) -> None:
        self.task = task
        self._database = database

    @property
    def payload(self) -> Any:
        """What was enqueued, as plain data."""
        return self.task.payload

    async def report(self, progress: Any) -> None:
        """Record how far the work is; :class:`TaskLost` when the lease ended."""
        await self._database.write(queries.report, self.task, progress)


Handler: TypeAlias = Callable[[Running], Awaitable[None]]


class Worker:
    """Runs tasks of the kinds in ``handlers``, ``concurrency`` at once, each under a lease that it keeps alive.

    A handler that raises is tried again later; so handlers are idempotent. A handler whose lease is lost (the task was
    cancelled, or this process stood still for too long) is cancelled, and its result refused.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        *,
        concurrency: int = 2,
        lease_seconds: float = 60.0,
        poll_seconds: float = 1.0,
        grace_seconds: float = 20.0,
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._concurrency = concurrency
        self._lease = lease_seconds
        self._poll = poll_seconds
        self._grace = grace_seconds
        self._name = f"{socket.gethostname()}:{os.getpid()}:{random.getrandbits(32):08x}"
        self._active: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take no more tasks; :meth:`run` returns when the running ones have ended or their grace is over."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until :meth:`stop`. What has not ended by then is handed back to the queue."""
        keeping = asyncio.create_task(self._keep_house())
        try:
            with self._database.signals.listen(queries.SIGNAL) as woken:
                while not self._stopping.is_set():
                    woken.clear()
                    if len(self._active) >= self._concurrency or not await self._start_next():
                        await self._pause(woken)
        finally:
            keeping.cancel()
            await self._drain()

    async def run_until_idle(self) -> int:
        """Run what is due, and what that enqueues, then return how many tasks ran. For commands and tests."""
        count = 0
        while True:
            while len(self._active) < self._concurrency and await self._start_next():
                count += 1
            if not self._active:
                return count
            await asyncio.wait(self._active, return_when=asyncio.FIRST_COMPLETED)

    async def _start_next(self) -> bool:
        try:
            task = await self._claim()
        except CommongroundError as error:
            logger().warning("the task queue does not answer", error=str(error))
            return False
        if task is None:
            return False
        running = asyncio.create_task(self._execute(task))
        self._active.add(running)
        running.add_done_callback(self._active.discard)
        return True

    async def _claim(self) -> Task | None:
        kinds = tuple(self._handlers)
        if not await self._database.lookup(queries.ready, kinds, now_ms()):
            return None
        return await self._database.write(claim, self._name, kinds, self._lease, now_ms())

    async def _pause(self, woken: asyncio.Event) -> None:
        """Until something was enqueued here, a slot is free, the worker stops, or the queue is to be looked at again."""
        full = len(self._active) >= self._concurrency
        waits = [asyncio.ensure_future(self._stopping.wait()), *([] if full else [asyncio.ensure_future(woken.wait())])]
        timeout = self._poll * random.uniform(0.75, 1.25)  # noqa: S311 - spreads the workers
        await asyncio.wait([*waits, *self._active], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _execute(self, task: Task) -> None:
        work = asyncio.ensure_future(self._handlers[task.kind](Running(task, self._database)))
        beating = asyncio.create_task(self._beat(task, work))
        try:
            outcome = await self._settle(task, work)
        except TaskLost:
            outcome = "lost"
        except CommongroundError as error:  # the lease ends by itself, then the task is tried again
            logger().error("the outcome of a task was not recorded", task=task.id, kind=task.kind, error=str(error))
            outcome = "unrecorded"
        finally:
            beating.cancel()
        TASKS.labels(task.kind, outcome).inc()

    async def _settle(self, task: Task, work: "asyncio.Future[None]") -> str:
        """Wait for the handler and record how it ended."""
        try:
            await work
        except asyncio.CancelledError:
            if not self._stopping.is_set():
                raise TaskLost(task=task.id) from None
            await self._database.write(queries.release, task, now_ms())
            return "released"
        except TaskLost:
            raise
        except Exception as error:  # noqa: BLE001 - process edge: a handler's defect is recorded, the worker lives on
            logger().exception("task failed", task=task.id, kind=task.kind, attempt=task.attempts)
            state = await self._database.write(fail, task, _describe(error), now_ms())
            return "failed" if state == "failed" else "retried"
        await self._database.write(complete, task, now_ms())
        return "done"

    async def _beat(self, task: Task, work: "asyncio.Future[None]") -> None:
        held_until = asyncio.get_running_loop().time() + self._lease
        while True:
            await asyncio.sleep(self._lease / 3)
            began = asyncio.get_running_loop().time()
            try:
                await self._database.write(heartbeat, task, self._lease, now_ms())
                held_until = began + self._lease
            except DatabaseUnavailable:
                if asyncio.get_running_loop().time() < held_until:
                    continue
                work.cancel()
                return
            except TaskLost:
                work.cancel()
                return

    async def _drain(self) -> None:
        self._stopping.set()
        if self._active:
            _, late = await asyncio.wait(self._active, timeout=self._grace)
            for running in late:
                running.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _keep_house(self) -> None:
        while True:
            with suppress(CommongroundError):
                QUEUED.set(await self._database.read(queries.waiting))
                await self._database.write(queries.prune, now_ms() - KEPT_DAYS * DAY)
            await asyncio.sleep(HOUSEKEEPING_SECONDS)


def _describe(error: Exception) -> str:
    return "".join(traceback.format_exception(error))[-ERROR_LIMIT:]
