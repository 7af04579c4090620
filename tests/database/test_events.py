import asyncio
import threading

import pytest
from sqlalchemy import Connection

from commonground.database import Database, events
from commonground.database.events import Consumer, Event

pytestmark = pytest.mark.anyio


async def append(database: Database, *kinds: str) -> None:
    for kind in kinds:
        await database.write(events.append, kind, "o/n", 1, {"kind": kind})


def kinds(found: list[Event]) -> list[str]:
    return [event.kind for event in found]


async def test_events_are_read_in_order_from_a_position(database: Database) -> None:
    await append(database, "a", "b", "c")
    first, *rest = await database.read(events.read_after, 0)
    assert (first.kind, first.subject, first.account_id, first.payload) == ("a", "o/n", 1, {"kind": "a"})
    assert kinds(rest) == ["b", "c"]
    assert kinds(await database.read(events.read_after, first.position)) == ["b", "c"]
    assert kinds(await database.read(events.read_after, first.position, ("c", "a"))) == ["c"]
    assert kinds(await database.read(events.read_after, 0, (), 2)) == ["a", "b"]


async def test_an_event_shares_the_fate_of_its_transaction(database: Database) -> None:
    def work(connection: Connection) -> None:
        events.append(connection, "undone")
        raise ValueError("undone")

    with pytest.raises(ValueError, match="undone"):
        await database.write(work)
    assert await database.read(events.read_after, 0) == []


async def test_a_position_never_comes_back(database: Database) -> None:
    await append(database, "a")
    last = await database.read(events.last_position)
    assert await database.write(events.prune, 2**60) == 1
    await append(database, "b")
    assert kinds(await database.read(events.read_after, last)) == ["b"]


async def test_a_reader_never_passes_by_an_event_that_commits_late(database: Database) -> None:
    appended, release = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        events.append(connection, "slow")
        appended.set()
        assert release.wait(10)

    first = asyncio.create_task(database.write(slow))
    assert await asyncio.to_thread(appended.wait, 10)
    second = asyncio.create_task(database.write(events.append, "quick"))
    await asyncio.sleep(0.2)
    early = await database.read(events.read_after, 0)
    release.set()
    await asyncio.gather(first, second)
    position = early[-1].position if early else 0
    assert kinds(early) + kinds(await database.read(events.read_after, position)) == ["slow", "quick"]


async def test_many_writers_and_a_reader_that_misses_nothing(database: Database) -> None:
    seen: list[Event] = []

    async def read() -> None:
        position = 0
        while len(seen) < 60:
            seen.extend(found := await database.read(events.read_after, position))
            position = found[-1].position if found else position
            await asyncio.sleep(0)

    reading = asyncio.create_task(read())
    await asyncio.gather(*(append(database, f"{n}") for n in range(60)))
    await asyncio.wait_for(reading, 20)
    assert sorted(kinds(seen), key=int) == [str(n) for n in range(60)]


async def test_a_cursor_never_goes_back(database: Database) -> None:
    assert await database.read(events.cursor, "audit") == 0
    for position in (5, 3):
        await database.write(events.advance, "audit", position)
    assert await database.read(events.cursor, "audit") == 5


async def test_a_consumer_gets_every_event_at_least_once(database: Database) -> None:
    seen: list[str] = []
    failures = iter([True])

    async def handle(batch: list[Event]) -> None:
        if next(failures, False):
            raise RuntimeError("not now")
        seen.extend(kinds(batch))

    await append(database, "a", "b", "ignored")
    consumer = Consumer(database, "audit", handle, ("a", "b"))
    with pytest.raises(RuntimeError):
        await consumer.step()
    assert await consumer.step() == 2
    assert await consumer.step() == 0
    assert seen == ["a", "b"]


async def test_a_consumer_of_few_kinds_does_not_read_the_others_again(database: Database) -> None:
    await append(database, *["a"] * 3, "b", *["a"] * 3)
    found, following = await database.read(events.read_next, 0, ("b",))
    assert (kinds(found), following) == (["b"], await database.read(events.last_position))
    assert await database.read(events.read_next, following, ("b",)) == ([], following)
    assert await database.read(events.read_next, 0, ()) == (await database.read(events.read_after, 0), following)


async def test_a_full_batch_is_continued_where_it_ends(database: Database) -> None:
    def many(connection: Connection) -> None:
        for number in range(events.BATCH + 5):
            events.append(connection, f"{number % 2}")

    await database.write(many)
    await database.write(many)
    found, following = await database.read(events.read_next, 0, ("1",))
    assert following == found[-1].position
    rest, _ = await database.read(events.read_next, following, ("1",))
    assert len(found) + len(rest) == 104


async def test_a_running_consumer_survives_a_failing_batch(sqlite: Database) -> None:
    seen: asyncio.Queue[str] = asyncio.Queue()
    failures = iter([True])

    async def handle(batch: list[Event]) -> None:
        if next(failures, False):
            raise RuntimeError("not now")
        for kind in kinds(batch):
            seen.put_nowait(kind)

    running = asyncio.create_task(Consumer(sqlite, "audit", handle, poll_seconds=0.05).run())
    await append(sqlite, "a")
    assert await asyncio.wait_for(seen.get(), 5) == "a"
    await append(sqlite, "b")
    assert await asyncio.wait_for(seen.get(), 5) == "b"
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
