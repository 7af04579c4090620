"""Schedules: each time makes one run, whoever looks at the clock."""

import asyncio
from typing import Any

import pytest

from commonground.accounts.model import ANONYMOUS
from commonground.compute.runs.cron import check_cron, next_time
from commonground.compute.runs.model import Run, RunQuery
from commonground.compute.runs.schedules import BUSY, Schedules
from commonground.compute.runs.schedules_model import ScheduleQuery
from commonground.errors import (
    Forbidden,
    InvalidSchedule,
    InvalidSpec,
    ScheduleBusy,
    ScheduleNotFound,
    Unauthenticated,
)
from tests.compute.runs.house import House

pytestmark = pytest.mark.anyio
MINUTE = 60_000
NOON = 1_700_049_600_000  # 2023-11-15 12:00 UTC, a Wednesday
SPEC = {"run": "true", "name": "nightly"}


class Clock:
    now = NOON

    def __call__(self) -> int:
        return self.now


class Desk:
    """Schedules whose clock the test moves."""

    def __init__(self, house: House) -> None:
        self.house, self.clock = house, Clock()
        services = house.services
        self.schedules = Schedules(services.database, services.accounts, services.runs, self.clock)

    async def create(self, cron: str = "*/5 * * * *", spec: dict[str, Any] = SPEC, **more: Any) -> int:
        return (await self.schedules.create(self.house.alice, cron, spec, **more)).id

    async def at(self, minutes: float) -> int:
        self.clock.now = NOON + int(minutes * MINUTE)
        return await self.schedules.fire()

    async def runs(self, schedule: int) -> list[Run]:
        return await self.house.runs.list(self.house.alice, RunQuery(schedule=schedule))


@pytest.fixture
def desk(idle: House) -> Desk:
    return Desk(idle)


@pytest.mark.parametrize(
    ("cron", "minutes"),
    [("*/5 * * * *", 5), ("0 * * * *", 60), ("@hourly", 60), ("@daily", 720), ("1 12 * * 3", 1), ("30 12 15 11 *", 30)],
)
def test_the_next_time(cron: str, minutes: int) -> None:
    assert next_time(cron, NOON) == NOON + minutes * MINUTE


@pytest.mark.parametrize(
    "cron",
    ["", "x", "* * * *", "* * * * * *", "@never", "61 * * * *", "0 0 31 2 *", "0 0 * * 8", "a" * 500, "*/0 * * * *"],
)
def test_what_says_no_times_is_refused(cron: str) -> None:
    with pytest.raises(InvalidSchedule):
        check_cron(cron)


async def test_a_time_makes_one_run(desk: Desk) -> None:
    schedule = await desk.create(labels={"team": "ml"})
    assert [await desk.at(minutes) for minutes in (0, 4.99, 5, 5, 9, 10)] == [0, 0, 1, 0, 0, 1]
    runs = await desk.runs(schedule)
    assert [(run.name, run.owner, run.schedule, run.labels) for run in runs] == [
        ("nightly", "alice", schedule, {"team": "ml"})
    ] * 2
    found = await desk.schedules.find(desk.house.alice, schedule)
    assert (found.last_run, found.last_at, found.next_at) == (runs[0].id, NOON + 10 * MINUTE, NOON + 15 * MINUTE)


async def test_missed_times_make_one_run_together(desk: Desk) -> None:
    schedule = await desk.create()
    assert await desk.at(61) == 1
    assert await desk.at(61) == 0
    assert (await desk.schedules.find(desk.house.alice, schedule)).next_at == NOON + 65 * MINUTE


async def test_many_who_look_at_once_make_one_run(desk: Desk) -> None:
    schedule = await desk.create()
    desk.clock.now += 5 * MINUTE
    assert sum(await asyncio.gather(*(desk.schedules.fire() for _ in range(8)))) == 1
    assert len(await desk.runs(schedule)) == 1


@pytest.mark.parametrize(
    ("concurrency", "states"),
    [("allow", ["queued", "queued"]), ("forbid", ["queued"]), ("replace", ["queued", "cancelled"])],
)
async def test_runs_that_would_overlap(desk: Desk, concurrency: Any, states: list[str]) -> None:
    schedule = await desk.create(concurrency=concurrency)
    await desk.at(5)
    await desk.at(10)
    assert [run.state for run in await desk.runs(schedule)] == states
    found = await desk.schedules.find(desk.house.alice, schedule)
    assert found.error == (BUSY if concurrency == "forbid" else None)
    if concurrency == "forbid":
        with pytest.raises(ScheduleBusy):
            await desk.schedules.run_now(desk.house.alice, schedule)
        await desk.house.runs.cancel(desk.house.alice, (await desk.runs(schedule))[0].id)
        assert await desk.at(15) == 1
        assert (await desk.schedules.find(desk.house.alice, schedule)).error is None


async def test_suspended_and_taken_up_again(desk: Desk) -> None:
    schedule = await desk.create()
    alice = desk.house.alice
    assert (await desk.schedules.suspend(alice, schedule)).suspended
    assert await desk.at(30) == 0
    assert (await desk.schedules.resume(alice, schedule)).next_at == NOON + 35 * MINUTE
    assert [await desk.at(31), await desk.at(35)] == [0, 1]
    sleeping = await desk.create(suspended=True)
    assert await desk.at(40) == 1
    assert await desk.runs(sleeping) == []


async def test_run_now_leaves_the_times_alone(desk: Desk) -> None:
    schedule = await desk.create("@daily")
    run = await desk.schedules.run_now(desk.house.alice, schedule)
    found = await desk.schedules.find(desk.house.alice, schedule)
    assert (found.last_run, found.next_at) == (run.id, NOON + 720 * MINUTE)


async def test_other_times_and_no_times(desk: Desk) -> None:
    schedule, alice = await desk.create(), desk.house.alice
    assert (await desk.schedules.reschedule(alice, schedule, "@hourly")).next_at == NOON + 60 * MINUTE
    await desk.at(60)
    await desk.schedules.delete(alice, schedule)
    assert await desk.at(600) == 0
    assert len(await desk.runs(schedule)) == 1
    with pytest.raises(ScheduleNotFound):
        await desk.schedules.find(alice, schedule)


async def test_inputs_are_pinned_each_time(desk: Desk) -> None:
    from commonground.hub.revisions.model import AddFile, CommitRequest

    house = desk.house
    data, first = await house.repository("d", "dataset", a__txt="a")
    spec = {"run": "true", "inputs": {"d": "hub://datasets/alice/d"}}
    schedule = await desk.create(spec=spec)
    await desk.at(5)
    change = CommitRequest(title="more", operations=[AddFile(path="b", content=b"b")])
    second = (await house.services.revisions.commit(data, house.alice, "main", change)).sha
    await desk.at(10)
    assert [run.inputs[0].commit for run in await desk.runs(schedule)] == [second, first]


async def test_what_cannot_be_submitted_is_said_and_tried_again(desk: Desk) -> None:
    house = desk.house
    data, _ = await house.repository("d", "dataset", a__txt="a")
    schedule = await desk.create(spec={"run": "true", "inputs": {"d": "hub://datasets/alice/d"}})
    await house.services.repositories.delete(house.alice, data)
    assert await desk.at(5) == 0
    found = await desk.schedules.find(house.alice, schedule)
    assert found.error is not None
    assert found.error.startswith("CG-1201")
    await house.repository("d", "dataset", a__txt="a")
    assert await desk.at(10) == 1
    assert (await desk.schedules.find(house.alice, schedule)).error is None


@pytest.mark.parametrize("stored", ['{"runn": "x"}', "[1]"])
async def test_one_that_is_broken_does_not_stop_the_others(desk: Desk, stored: str) -> None:
    from commonground.compute.runs import schedules_queries

    broken, fine = await desk.create(), await desk.create()
    await desk.house.services.database.write(schedules_queries.change, broken, {"spec": stored})
    assert [await desk.at(5), await desk.at(10)] == [1, 1]
    assert (await desk.schedules.find(desk.house.alice, broken)).error
    assert len(await desk.runs(fine)) == 2


async def test_a_schedule_of_another_looks_absent(desk: Desk) -> None:
    schedule, bob = await desk.create(), desk.house.bob
    schedules = desk.schedules
    for call in (schedules.find, schedules.suspend, schedules.resume, schedules.delete, schedules.run_now):
        with pytest.raises(ScheduleNotFound):
            await call(bob, schedule)
    assert await schedules.list(bob, ScheduleQuery()) == []
    with pytest.raises(Unauthenticated):
        await schedules.list(ANONYMOUS, ScheduleQuery())
    with pytest.raises(Forbidden):
        await schedules.create(bob, "@daily", SPEC)
    with pytest.raises(InvalidSpec):
        await schedules.create(desk.house.alice, "@daily", {"runn": "x"})


async def test_who_may_no_longer_execute_makes_no_runs(desk: Desk) -> None:
    house = desk.house
    schedule = await desk.create()
    await house.services.accounts.set_disabled(house.alice.account_id or 0, disabled=True)
    assert await desk.at(5) == 0
    assert (await house.services.database.read(_errors)) == [(schedule, True)]


def _errors(connection: Any) -> list[tuple[int, bool]]:
    from sqlalchemy import select

    from commonground.database.schema.schedules import schedule as table

    return [(row.id, bool(row.error)) for row in connection.execute(select(table))]
