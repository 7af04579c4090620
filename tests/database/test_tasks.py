import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, text

from commonground.database import Database, tasks
from commonground.database import task_queries as queries
from commonground.database.clock import now_ms
from commonground.database.tasks import Running, Task, Worker
from commonground.errors import TaskLost

pytestmark = pytest.mark.anyio

KINDS = ("index",)


async def enqueue(database: Database, payload: Any = None, **options: Any) -> int:
    return await database.write(tasks.enqueue, "index", payload, **options)


async def claim(database: Database, worker: str = "w", later: int = 0, lease: float = 10) -> Task | None:
    return await database.write(tasks.claim, worker, KINDS, lease, now_ms() + later)


async def claimed(database: Database, worker: str = "w", later: int = 0) -> Task:
    task = await claim(database, worker, later)
    assert task is not None
    return task


async def stored(database: Database, task_id: int) -> Task:
    task = await database.read(tasks.find, task_id)
    assert task is not None
    return task


class TestQueue:
    async def test_a_task_is_claimed_once(self, database: Database) -> None:
        task_id = await enqueue(database, {"repository": 7})
        task = await claimed(database)
        assert (task.id, task.payload, task.state, task.attempts) == (task_id, {"repository": 7}, "running", 1)
        assert await claim(database) is None

    async def test_other_kinds_are_left_alone(self, database: Database) -> None:
        await database.write(tasks.enqueue, "other")
        assert await claim(database) is None

    async def test_higher_priority_then_older_first(self, database: Database) -> None:
        low, first, second, high = [await enqueue(database, priority=p) for p in (-1, 0, 0, 5)]
        assert [(await claimed(database)).id for _ in range(4)] == [high, first, second, low]

    async def test_a_task_for_later_waits(self, database: Database) -> None:
        await enqueue(database, run_at=now_ms() + 60_000)
        assert await claim(database) is None
        assert await claim(database, later=61_000) is not None

    async def test_a_task_enqueued_in_a_failed_transaction_never_existed(self, database: Database) -> None:
        def work(connection: Connection) -> None:
            tasks.enqueue(connection, "index")
            raise ValueError("undone")

        with pytest.raises(ValueError, match="undone"):
            await database.write(work)
        assert await claim(database) is None

    async def test_completed_is_final(self, database: Database) -> None:
        await enqueue(database)
        task = await claimed(database)
        await database.write(tasks.complete, task, now_ms())
        done = await stored(database, task.id)
        assert (done.state, done.finished_at is not None) == ("done", True)
        with pytest.raises(TaskLost):
            await database.write(tasks.complete, task, now_ms())

    async def test_a_waiting_key_is_not_enqueued_twice(self, database: Database) -> None:
        first = await enqueue(database, key="index:1")
        assert await enqueue(database, key="index:1") == first
        assert await enqueue(database, key="index:2") != first
        await claimed(database)
        await claimed(database)
        assert await claim(database) is None

    async def test_a_key_enqueued_while_it_runs_is_run_once_more(self, database: Database) -> None:
        first = await enqueue(database, key="index:1")
        task = await claimed(database)
        assert await enqueue(database, key="index:1") == first
        assert await claim(database) is None
        await database.write(tasks.complete, task, now_ms())
        again = await claimed(database)
        assert (again.id, again.attempts) == (first, 1)
        await database.write(tasks.complete, again, now_ms())
        assert (await stored(database, first)).state == "done"

    async def test_a_key_is_free_once_its_task_ended(self, database: Database) -> None:
        first = await enqueue(database, key="index:1")
        await database.write(tasks.complete, await claimed(database), now_ms())
        assert await enqueue(database, key="index:1") != first

    async def test_a_failed_attempt_is_tried_again_after_a_growing_while(self, database: Database) -> None:
        task_id = await enqueue(database, max_attempts=3)
        delays, now = [], now_ms()
        for _ in range(2):
            task = await claimed(database, later=10_000_000)
            assert await database.write(tasks.fail, task, "boom", now) == "waiting"
            delays.append((await stored(database, task_id)).run_at - now)
        assert 2000 <= delays[0] <= 2500
        assert 4000 <= delays[1] <= 5000
        task = await claimed(database, later=10_000_000)
        assert await database.write(tasks.fail, task, "boom", now) == "failed"
        ended = await stored(database, task_id)
        assert (ended.state, ended.error, ended.attempts) == ("failed", "boom", 3)

    async def test_a_final_failure_is_not_tried_again(self, database: Database) -> None:
        await enqueue(database)
        assert await database.write(tasks.fail, await claimed(database), "no", now_ms(), final=True) == "failed"

    @pytest.mark.parametrize("attempts", [1, 12, 1000])
    def test_the_wait_has_a_bound(self, attempts: int) -> None:
        assert queries.backoff(attempts) <= 1.25 * queries.LONGEST_BACKOFF_SECONDS

    async def test_a_released_task_has_not_been_tried(self, database: Database) -> None:
        await enqueue(database)
        await database.write(queries.release, await claimed(database), now_ms())
        assert (await claimed(database)).attempts == 1

    async def test_ended_tasks_are_forgotten(self, database: Database) -> None:
        await enqueue(database)
        kept = await enqueue(database)
        done = await claimed(database)
        await database.write(tasks.complete, done, 1000)
        assert await database.write(queries.prune, 2000) == 1
        assert await database.read(tasks.find, done.id) is None
        assert await database.read(tasks.find, kept) is not None

    async def test_ids_are_never_given_twice(self, database: Database) -> None:
        first = await enqueue(database)
        await database.write(tasks.complete, await claimed(database), 1)
        await database.write(queries.prune, 2)
        assert await enqueue(database) > first


class TestLease:
    async def test_an_expired_lease_goes_to_another_worker_with_a_larger_fence(self, database: Database) -> None:
        await enqueue(database)
        stale = await claimed(database, "first")
        fresh = await claimed(database, "second", later=11_000)
        assert fresh.id == stale.id
        assert fresh.fence > stale.fence
        assert fresh.worker == "second"

    @pytest.mark.parametrize(
        "step",
        [
            tasks.hold,
            lambda c, t: tasks.heartbeat(c, t, 10, now_ms()),
            lambda c, t: queries.report(c, t, 0.5),
            lambda c, t: tasks.complete(c, t, now_ms()),
            lambda c, t: tasks.fail(c, t, "late", now_ms()),
            lambda c, t: queries.release(c, t, now_ms()),
        ],
    )
    async def test_a_stale_fence_changes_nothing(
        self, database: Database, step: Callable[[Connection, Task], object]
    ) -> None:
        await enqueue(database)
        stale = await claimed(database)
        await claimed(database, later=11_000)
        before = await stored(database, stale.id)
        with pytest.raises(TaskLost):
            await database.write(step, stale)
        assert await stored(database, stale.id) == before

    async def test_a_heartbeat_keeps_the_lease(self, database: Database) -> None:
        await enqueue(database)
        task = await claimed(database)
        await database.write(tasks.heartbeat, task, 60, now_ms())
        assert await claim(database, later=11_000) is None
        await database.write(tasks.hold, task)

    async def test_a_task_that_ends_every_lease_is_given_up(self, database: Database) -> None:
        task_id = await enqueue(database, max_attempts=2)
        await claimed(database)
        await claimed(database, later=11_000)
        assert await claim(database, later=30_000) is None
        ended = await stored(database, task_id)
        assert ended.state == "failed"
        assert "lease" in str(ended.error)

    async def test_a_cancelled_task_is_lost_to_its_worker(self, database: Database) -> None:
        waiting, running = await enqueue(database), await enqueue(database)
        task = await claimed(database)
        assert await database.write(tasks.cancel, waiting, now_ms())
        assert await database.write(tasks.cancel, running, now_ms())
        assert not await database.write(tasks.cancel, running, now_ms())
        with pytest.raises(TaskLost):
            await database.write(tasks.heartbeat, task, 10, now_ms())
        assert await claim(database, later=60_000) is None

    async def test_many_workers_never_share_a_task(self, database: Database) -> None:
        for _ in range(20):
            await enqueue(database)
        found = await asyncio.gather(*(claim(database, f"w{n}") for n in range(25)))
        ids = [task.id for task in found if task]
        assert len(ids) == len(set(ids))
        rest = 20 - len(ids)  # a claim may pass by a row another transaction holds: those are still there
        assert [await claim(database) is not None for _ in range(rest)] == [True] * rest

    @pytest.mark.parametrize("database", ["postgresql"], indirect=True)
    async def test_a_task_does_not_start_before_the_change_that_enqueued_it_again(self, database: Database) -> None:
        await enqueue(database, key="k")
        entered, release = threading.Event(), threading.Event()

        def change(connection: Connection) -> None:
            tasks.enqueue(connection, "index", key="k")
            entered.set()
            assert release.wait(10)

        changing = asyncio.create_task(database.write(change))
        assert await asyncio.to_thread(entered.wait, 10)
        assert await claim(database) is None
        release.set()
        await changing
        assert await claim(database) is not None


def worker(database: Database, handler: Callable[[Running], Awaitable[None]], **options: Any) -> Worker:
    return Worker(database, {"index": handler}, **{"poll_seconds": 0.05, "grace_seconds": 2, **options})


@asynccontextmanager
async def locked(database: Database) -> AsyncIterator[None]:
    """The file is locked by another process; our writes soon give up."""
    await database.write(lambda c: c.execute(text("PRAGMA busy_timeout=10")))
    entered, release = threading.Event(), threading.Event()

    def hold(_connection: Connection) -> None:
        entered.set()
        assert release.wait(10)

    other = Database(database.url)
    holding = asyncio.create_task(other.write(hold))
    assert await asyncio.to_thread(entered.wait, 10)
    try:
        yield
    finally:
        release.set()
        await holding
        other.close()


class TestWorker:
    async def test_runs_what_is_enqueued_at_once(self, database: Database) -> None:
        seen: asyncio.Queue[Any] = asyncio.Queue()

        async def handler(running: Running) -> None:
            await running.report({"done": 1})
            seen.put_nowait(running.payload)

        running = worker(database, handler, poll_seconds=60)
        work = asyncio.create_task(running.run())
        await asyncio.sleep(0.05)
        task_id = await enqueue(database, "now")
        assert await asyncio.wait_for(seen.get(), 5) == "now"
        running.stop()
        await work
        task = await stored(database, task_id)
        assert (task.state, task.progress) == ("done", {"done": 1})

    async def test_finds_what_another_process_enqueued(self, sqlite: Database) -> None:
        seen = asyncio.Event()

        async def handler(_running: Running) -> None:
            seen.set()

        running = worker(sqlite, handler)
        work = asyncio.create_task(running.run())
        other = Database(sqlite.url)
        await enqueue(other)
        await asyncio.wait_for(seen.wait(), 5)
        running.stop()
        await work
        other.close()

    async def test_runs_no_more_than_its_concurrency(self, sqlite: Database) -> None:
        active, most, full = 0, 0, asyncio.Event()

        async def handler(_running: Running) -> None:
            nonlocal active, most
            active += 1
            most = max(most, active)
            if active == 3:
                full.set()
            await asyncio.wait_for(full.wait(), 10)
            await asyncio.sleep(0.01)
            active -= 1

        for _ in range(7):
            await enqueue(sqlite)
        assert await worker(sqlite, handler, concurrency=3).run_until_idle() == 7
        assert most == 3

    async def test_a_failing_handler_is_recorded_and_the_worker_lives_on(self, sqlite: Database) -> None:
        async def handler(running: Running) -> None:
            if running.payload == "bad":
                raise ValueError("bad payload")

        bad, good = await enqueue(sqlite, "bad", max_attempts=1), await enqueue(sqlite, "good")
        await worker(sqlite, handler).run_until_idle()
        failed = await stored(sqlite, bad)
        assert failed.state == "failed"
        assert "ValueError: bad payload" in str(failed.error)
        assert (await stored(sqlite, good)).state == "done"

    async def test_keeps_the_lease_of_a_long_task(self, sqlite: Database) -> None:
        async def handler(_running: Running) -> None:
            await asyncio.sleep(1.5)

        task_id = await enqueue(sqlite)
        await worker(sqlite, handler, lease_seconds=1.2).run_until_idle()
        task = await stored(sqlite, task_id)
        assert (task.state, task.attempts) == ("done", 1)

    async def test_cancelling_a_task_cancels_its_handler(self, sqlite: Database) -> None:
        started, ended = asyncio.Event(), asyncio.Event()

        async def handler(_running: Running) -> None:
            started.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()

        task_id = await enqueue(sqlite)
        running = worker(sqlite, handler, lease_seconds=0.2)
        work = asyncio.create_task(running.run())
        await asyncio.wait_for(started.wait(), 5)
        await sqlite.write(tasks.cancel, task_id, now_ms())
        await asyncio.wait_for(ended.wait(), 5)
        running.stop()
        await work
        assert (await stored(sqlite, task_id)).state == "cancelled"

    async def test_stopping_waits_for_running_tasks(self, sqlite: Database) -> None:
        started = asyncio.Event()

        async def handler(_running: Running) -> None:
            started.set()
            await asyncio.sleep(0.1)

        task_id = await enqueue(sqlite)
        running = worker(sqlite, handler)
        work = asyncio.create_task(running.run())
        await started.wait()
        running.stop()
        await work
        assert (await stored(sqlite, task_id)).state == "done"

    async def test_what_outlasts_the_grace_is_handed_back(self, sqlite: Database) -> None:
        started = asyncio.Event()

        async def handler(_running: Running) -> None:
            started.set()
            await asyncio.sleep(60)

        task_id = await enqueue(sqlite)
        running = worker(sqlite, handler, grace_seconds=0.05)
        work = asyncio.create_task(running.run())
        await started.wait()
        running.stop()
        await work
        task = await stored(sqlite, task_id)
        assert (task.state, task.attempts) == ("waiting", 0)

    async def test_waits_for_a_database_that_is_away(self, sqlite: Database) -> None:
        seen = asyncio.Event()

        async def handler(_running: Running) -> None:
            seen.set()

        await enqueue(sqlite)
        running = worker(sqlite, handler)
        async with locked(sqlite):
            work = asyncio.create_task(running.run())
            await asyncio.sleep(0.2)
            assert not seen.is_set()
        await asyncio.wait_for(seen.wait(), 5)
        running.stop()
        await work

    async def test_a_result_that_cannot_be_recorded_is_made_again(self, sqlite: Database) -> None:
        task_id = await enqueue(sqlite)
        runs = 0

        async def handler(_running: Running) -> None:
            nonlocal runs
            runs += 1
            if runs == 1:
                await stack.enter_async_context(locked(sqlite))

        async with AsyncExitStack() as stack:
            await worker(sqlite, handler, lease_seconds=0.3).run_until_idle()
        await asyncio.sleep(0.3)
        await worker(sqlite, handler, lease_seconds=0.3).run_until_idle()
        assert runs == 2
        assert (await stored(sqlite, task_id)).state == "done"

    async def test_a_handler_whose_lease_cannot_be_kept_is_cancelled(self, sqlite: Database) -> None:
        await enqueue(sqlite)
        ended = asyncio.Event()

        async def handler(_running: Running) -> None:
            try:
                async with locked(sqlite):
                    await asyncio.sleep(60)
            finally:
                ended.set()

        await asyncio.wait_for(worker(sqlite, handler, lease_seconds=0.3).run_until_idle(), 10)
        assert ended.is_set()

    async def test_a_handler_hears_that_its_task_is_lost(self, sqlite: Database) -> None:
        async def handler(running: Running) -> None:
            await sqlite.write(tasks.cancel, running.task.id, now_ms())
            await running.report(1)

        task_id = await enqueue(sqlite)
        await worker(sqlite, handler).run_until_idle()
        assert (await stored(sqlite, task_id)).state == "cancelled"

    async def test_the_newest_tasks_are_listed(self, database: Database) -> None:
        first, second, third = [await enqueue(database, n) for n in range(3)]
        await database.write(tasks.cancel, second, now_ms())
        assert [task.id for task in await database.read(queries.newest)] == [third, second, first]
        assert [task.id for task in await database.read(queries.newest, "waiting", third)] == [first]
        assert await database.read(queries.waiting) == 2


async def test_the_newest_come_first_in_one_state_or_in_any(database: Database) -> None:
    ids = [await enqueue(database, number) for number in range(4)]
    assert await claim(database) is not None
    assert [task.id for task in await database.read(queries.newest, None, None, 3)] == ids[:0:-1]
    assert [task.id for task in await database.read(queries.newest, None, ids[1])] == ids[:1]
    assert [task.id for task in await database.read(queries.newest, "running")] == ids[:1]
