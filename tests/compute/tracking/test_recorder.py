"""What is recorded of runs, on either database."""

import asyncio
import math

import pytest

from commonground.compute.runs.model import Point, RunQuery
from commonground.compute.tracking.model import (
    DEFAULT,
    RUN_NAME,
    Condition,
    Field,
    Order,
    Report,
    Search,
    TrackedRun,
)  # fmt: skip
from commonground.errors import (
    ExperimentExists,
    InvalidFilter,
    InvalidRecord,
    ParameterConflict,
    RunNotFound,
    RunStateConflict,
    Unauthenticated,
)
from tests.compute.runs.house import House

pytestmark = pytest.mark.anyio

LOSS = Field("metric", "loss")


def point(value: float, step: int = 0, key: str = "loss", time: int = 0) -> Point:
    return Point(key=key, value=value, step=step, time=time)


async def begun(home: House, name: str = "", experiment: int = DEFAULT, **report: object) -> TrackedRun:
    recorder = home.services.tracking.runs
    run = await recorder.begin(home.bob, experiment, name, None, {})
    if report:
        await recorder.record(home.bob, run.id, Report(**report))  # type: ignore[arg-type]
    return await recorder.find(home.bob, run.id)


async def found(home: House, *conditions: Condition, order: tuple[Order, ...] = ()) -> list[str]:
    search = Search(conditions=conditions, order=order)
    return [run.tags[RUN_NAME] for run in await home.services.tracking.runs.search(home.bob, [DEFAULT], search)]


async def test_no_worker_takes_what_is_executed_elsewhere(home: House) -> None:
    run = await begun(home, "elsewhere")
    listed = await home.runs.list(home.bob, RunQuery())
    assert [(one.id, one.kind, one.state) for one in listed] == [(run.id, "external", "running")]
    assert (await home.runs.cancel(home.alice, run.id)).state == "cancelled"
    with pytest.raises(RunStateConflict):
        await home.runs.resume(home.alice, run.id)
    assert (await home.services.tracking.runs.update(home.bob, run.id, "succeeded", 7, "")).finished_at == 7


async def test_the_value_at_the_largest_step_is_the_latest(home: House) -> None:
    metrics = (point(0.5, 3, time=9), point(0.4, 3, time=10), point(0.1, 1, time=99), point(math.inf, key="up"))
    run = await begun(home, metrics=metrics)
    assert {one.key: one.value for one in run.metrics} == {"loss": 0.4, "up": math.inf}
    later = await begun(home, metrics=(point(0.5, 3), point(math.nan, 4)))
    assert math.isnan(later.metrics[0].value)
    history = await home.services.tracking.runs.history(home.bob, later.id, "loss", 0, 10)
    assert [one.step for one in history] == [3, 4]


async def test_searches(home: House) -> None:
    await begun(home, "a", metrics=(point(0.9),), params={"n": "A"}, tags={"t": "x_y"})
    await begun(home, "b", metrics=(point(9.0), point(0.2, 1)), params={"n": "a"}, tags={"t": "xzy"})
    assert await found(home, Condition(LOSS, "<", 0.5)) == ["b"]
    assert await found(home, Condition(LOSS, "!=", 0.9)) == ["b"]
    assert await found(home, Condition(Field("param", "n"), "=", "A")) == ["a"]
    assert await found(home, Condition(Field("param", "n"), "LIKE", "A%")) == ["a"]
    assert await found(home, Condition(Field("param", "n"), "ILIKE", "a")) == ["b", "a"]
    assert await found(home, Condition(Field("tag", "t"), "LIKE", "x_y")) == ["b", "a"]
    assert await found(home, Condition(Field("tag", "none"), "IS NULL")) == ["b", "a"]
    assert await found(home, Condition(Field("tag", "t"), "IN", ("xzy",))) == ["b"]
    assert await found(home, Condition(Field("tag", "t"), "NOT IN", ("xzy",))) == ["a"]
    assert await found(home, Condition(Field("attribute", "run_name"), "=", "a")) == ["a"]
    assert await found(home, Condition(Field("attribute", "start_time"), ">", 1e300)) == []
    assert await found(home, order=(Order(LOSS),)) == ["b", "a"]
    assert await found(home, order=(Order(LOSS, descending=True),)) == ["a", "b"]
    assert await found(home, order=(Order(Field("param", "none")), Order(Field("attribute", "run_name")))) == ["a", "b"]


@pytest.mark.parametrize(
    "condition",
    [
        Condition(LOSS, "LIKE", "x"),
        Condition(LOSS, "=", "x"),
        Condition(Field("param", "n"), "<", 3.0),
        Condition(Field("attribute", "start_time"), "=", "now"),
        Condition(Field("attribute", "spec"), "=", "x"),
    ],
)
async def test_a_search_that_makes_no_sense(home: House, condition: Condition) -> None:
    with pytest.raises(InvalidFilter):
        await found(home, condition)


async def test_of_two_values_of_a_parameter_one_stays(home: House) -> None:
    run = await begun(home)
    recorder = home.services.tracking.runs
    reports = [recorder.record(home.bob, run.id, Report(params={"lr": str(value)})) for value in range(4)]
    ended = await asyncio.gather(*reports, return_exceptions=True)
    assert sum(isinstance(one, ParameterConflict) for one in ended) == 3
    assert len((await recorder.find(home.bob, run.id)).params) == 1


@pytest.mark.parametrize(
    "report",
    [
        Report(params={"": "x"}),
        Report(tags={"k" * 251: "x"}),
        Report(params={"k": "x" * 70_000}),
        Report(metrics=(point(1.0, key="k" * 129),)),
        Report(metrics=(point(1.0, step=2**63),)),
    ],
)
async def test_what_is_too_much(home: House, report: Report) -> None:
    run = await begun(home)
    with pytest.raises(InvalidRecord):
        await home.services.tracking.runs.record(home.bob, run.id, report)
    assert await home.services.tracking.runs.find(home.bob, run.id) == run


async def test_a_run_that_is_executed_here_has_the_parameters_of_its_specification(home: House) -> None:
    options = {"lr": 0.1, "net": {"depth": 3}}
    run = await home.runs.submit(home.alice, {"run": "true", "options": options, "privacy": {"epsilon": 3}})
    shown = await home.services.tracking.runs.find(home.alice, run.id)
    assert {"lr": "0.1", "net.depth": "3", "privacy.epsilon": "3"}.items() <= shown.params.items()
    with pytest.raises(RunStateConflict):
        await home.services.tracking.runs.record(home.alice, run.id, Report(metrics=(point(1.0),)))


async def test_experiments_are_an_accounts(home: House) -> None:
    experiments = home.services.tracking.experiments
    of_bob = await experiments.create(home.bob, "same", {})
    of_alice = await experiments.create(home.alice, "same", {})
    assert of_bob.id != of_alice.id
    with pytest.raises(ExperimentExists):
        await experiments.create(home.bob, "same", {})
    assert [one.id for one in await experiments.search(home.bob, Search())] == [of_bob.id, DEFAULT]
    await experiments.rename(home.bob, of_bob.id, "other")
    await experiments.rename(home.bob, of_bob.id, "other")


async def test_nobody_in_particular_records_nothing(home: House) -> None:
    from commonground.accounts.model import ANONYMOUS

    run = await home.services.tracking.runs.begin(home.alice, DEFAULT, "", None, {})
    with pytest.raises(RunNotFound):
        await home.services.tracking.runs.record(home.bob, run.id, Report(tags={"a": "b"}))
    with pytest.raises(Unauthenticated):
        await home.services.tracking.runs.find(ANONYMOUS, run.id)
