import asyncio
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.pool import QueuePool

from commonground.database import Database, values
from commonground.errors import BadRequest, DatabaseUnavailable, StorageFull

pytestmark = pytest.mark.anyio


def put(connection: Connection, name: str, value: bytes = b"x") -> str:
    values.put(connection, name, value)
    return name


def put_then(action: Callable[[], Any]) -> Callable[[Connection, str], None]:
    def work(connection: Connection, name: str) -> None:
        values.put(connection, name, b"x")
        action()

    return work


class Held:
    """A write that waits inside its transaction until it is released, so that others queue behind it."""

    def __init__(self, database: Database) -> None:
        self._entered, self._release = threading.Event(), threading.Event()
        self.done = database.write(self._work)

    def _work(self, connection: Connection) -> None:
        self._entered.set()
        assert self._release.wait(10)

    async def entered(self) -> "asyncio.Task[None]":
        task = asyncio.create_task(self.done)
        assert await asyncio.to_thread(self._entered.wait, 10)
        return task

    def release(self) -> None:
        self._release.set()


async def names(database: Database) -> set[str]:
    rows = await database.read(lambda c: c.execute(text("SELECT name FROM server_value")).scalars().all())
    return set(rows)


async def test_a_write_is_seen_by_the_next_read(database: Database) -> None:
    assert await database.write(put, "a") == "a"
    assert await database.read(values.get, "a") == b"x"
    assert await database.lookup(values.get, "a") == b"x"


async def test_a_failing_write_leaves_nothing_and_does_not_touch_its_neighbours(database: Database) -> None:
    def fail() -> None:
        raise KeyError("mine")

    outcomes = await asyncio.gather(
        database.write(put, "before"),
        database.write(put_then(fail), "failing"),
        database.write(put, "after"),
        return_exceptions=True,
    )
    assert isinstance(outcomes[1], KeyError)
    assert await names(database) == {"before", "after"}


async def test_even_an_exit_inside_a_write_reaches_its_caller_only(database: Database) -> None:
    def leave() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await database.write(put_then(leave), "left")
    assert await database.write(put, "alive") == "alive"
    assert await names(database) == {"alive"}


async def test_a_write_cancelled_while_it_waits_is_never_made(sqlite: Database) -> None:
    held = Held(sqlite)
    first = await held.entered()
    waiting = asyncio.create_task(sqlite.write(put, "cancelled"))
    behind = asyncio.create_task(sqlite.write(put, "behind"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    held.release()
    await asyncio.gather(first, behind)
    assert await names(sqlite) == {"behind"}


async def test_a_write_cancelled_while_it_runs_is_finished(sqlite: Database) -> None:
    entered, release = threading.Event(), threading.Event()

    def work(connection: Connection) -> None:
        put(connection, "running")
        entered.set()
        assert release.wait(10)

    task = asyncio.create_task(sqlite.write(work))
    assert await asyncio.to_thread(entered.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    release.set()
    await sqlite.write(put, "next")
    assert await names(sqlite) == {"running", "next"}


async def test_a_full_disk_fails_the_writer_who_filled_it_and_nobody_else(sqlite: Database) -> None:
    def small_disk(connection: Connection) -> None:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count={pages + 20}"))

    await sqlite.write(small_disk)
    held = Held(sqlite)
    first = await held.entered()
    group = asyncio.gather(
        sqlite.write(put, "before"),
        sqlite.write(put, "huge", b"x" * 2**20),
        sqlite.write(put, "after"),
        return_exceptions=True,
    )
    await asyncio.sleep(0)
    held.release()
    await first
    before, huge, after = await group
    assert (before, after) == ("before", "after")
    assert isinstance(huge, StorageFull)
    assert await names(sqlite) == {"before", "after"}


async def test_a_work_that_ends_the_transaction_fails_alone(sqlite: Database) -> None:
    def roll_back(connection: Connection) -> None:
        connection.exec_driver_sql("ROLLBACK")
        raise ValueError("rolled back")

    held = Held(sqlite)
    first = await held.entered()
    group = asyncio.gather(
        sqlite.write(put, "a"), sqlite.write(roll_back), sqlite.write(put, "b"), return_exceptions=True
    )
    await asyncio.sleep(0)
    held.release()
    await first
    assert [type(outcome) for outcome in await group] == [str, ValueError, str]
    assert await names(sqlite) == {"a", "b"}


async def test_a_failing_commit_fails_the_whole_group(sqlite: Database) -> None:
    def dangling(connection: Connection) -> None:
        connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        connection.execute(text("INSERT INTO membership (organization_id, account_id, role) VALUES (98, 99, 'read')"))

    held = Held(sqlite)
    first = await held.entered()
    group = asyncio.gather(sqlite.write(put, "a"), sqlite.write(dangling), return_exceptions=True)
    await asyncio.sleep(0)
    held.release()
    await first
    assert all(isinstance(outcome, Exception) for outcome in await group)
    assert await names(sqlite) == set()
    assert await sqlite.write(put, "usable again") == "usable again"


async def test_two_processes_share_one_file(sqlite: Database) -> None:
    other = Database(sqlite.url)
    try:
        await asyncio.gather(*(d.write(put, f"{n}{i}") for i in range(20) for n, d in (("a", sqlite), ("b", other))))
        assert len(await names(sqlite)) == 40
    finally:
        other.close()


async def test_a_database_that_stays_locked_is_unavailable(sqlite: Database) -> None:
    await sqlite.write(lambda c: c.execute(text("PRAGMA busy_timeout=20")))
    other = Database(sqlite.url)
    held = Held(other)
    task = await held.entered()
    try:
        with pytest.raises(DatabaseUnavailable, match="locked"):
            await sqlite.write(put, "refused")
    finally:
        held.release()
        await task
        other.close()
    assert await sqlite.write(put, "accepted") == "accepted"


async def test_a_read_sees_one_snapshot(database: Database) -> None:
    seen_first, changed = threading.Event(), threading.Event()

    def twice(connection: Connection) -> tuple[bytes | None, bytes | None]:
        first = values.get(connection, "a")
        seen_first.set()
        assert changed.wait(10)
        return first, values.get(connection, "a")

    await database.write(put, "a", b"1")
    reading = asyncio.create_task(database.read(twice))
    assert await asyncio.to_thread(seen_first.wait, 10)
    await database.write(put, "a", b"2")
    changed.set()
    assert await reading == (b"1", b"1")


async def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(Exception, match=r"read-?only"):
        await database.read(put, "a")


async def test_a_lookup_does_not_wait_for_busy_readers(database: Database) -> None:
    release = threading.Event()
    reading = [asyncio.create_task(database.read(lambda c: release.wait(10))) for _ in range(4)]
    await asyncio.sleep(0.05)
    try:
        assert await asyncio.wait_for(database.lookup(values.get, "a"), 5) is None
    finally:
        release.set()
        await asyncio.gather(*reading)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_deadlock_is_resolved_by_running_one_of_the_two_again(database: Database) -> None:
    await database.write(put, "a")
    await database.write(put, "b")
    met = threading.Barrier(2)
    runs: list[str] = []

    def lock_both(connection: Connection, first: str, second: str) -> None:
        runs.append(first)
        put(connection, first, first.encode())
        if len(runs) <= 2:
            met.wait(10)
        put(connection, second, first.encode())

    await asyncio.gather(database.write(lock_both, "a", "b"), database.write(lock_both, "b", "a"))
    assert len(runs) == 3
    assert await database.read(values.get, "a") == await database.read(values.get, "b")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_text_that_cannot_be_stored_is_the_callers_fault(database: Database) -> None:
    with pytest.raises(BadRequest):
        await database.write(put, "nul\0")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_lost_connection_is_replaced(database: Database) -> None:
    await database.write(put, "a")
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await database.write(lambda c: c.execute(cut).all())
    assert await database.write(put, "b") == "b"
    assert await database.read(values.get, "a") == b"x"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_pool_without_a_free_connection_is_unavailable(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    monkeypatch.setattr(pool, "_timeout", 0.05)
    with ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(database.engine.connect())
        with pytest.raises(DatabaseUnavailable, match="busy"):
            await database.read(values.get, "a")


async def test_a_question_the_database_cannot_answer_is_an_error(database: Database) -> None:
    for ask in (database.lookup, database.read):
        with pytest.raises(Exception, match="no_such_table"):
            await ask(lambda c: c.execute(text("SELECT 1 FROM no_such_table")).all())


async def test_a_closed_database_refuses_writes(database: Database) -> None:
    database.close()
    with pytest.raises(DatabaseUnavailable):
        await database.write(put, "late")


async def test_closing_finishes_what_was_submitted(sqlite: Database) -> None:
    held = Held(sqlite)
    first = await held.entered()
    last = asyncio.create_task(sqlite.write(put, "last"))
    await asyncio.sleep(0)
    closing = asyncio.create_task(asyncio.to_thread(sqlite.close))
    held.release()
    await asyncio.gather(first, last, closing)
    assert await last == "last"


async def test_listeners_hear_of_committed_signals(database: Database) -> None:
    from commonground.database.signals import signal

    with database.signals.listen("task") as woken, database.signals.listen("other") as other:
        await database.write(lambda c: signal(c, "task"))
        await asyncio.wait_for(woken.wait(), 5)
        assert not other.is_set()
