"""What pages show of a run: thinned metrics, the end of a log, filtered lists; the same on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from commonground.accounts.model import ANONYMOUS
from commonground.compute.runs.model import Capacity, Claim, Offer, Outcome, Point, Run, RunQuery
from commonground.errors import RunNotFound
from tests.compute.runs.house import House, house
from tests.support.databases import database_url, postgres_cluster

__all__ = ["database_url", "postgres_cluster"]
pytestmark = pytest.mark.anyio
ROOM = Capacity(cpus=64, memory=2**40, gpus=0, slots=64)


@pytest.fixture
async def quiet(tmp_path: Path, anyio_backend: str, database_url: str) -> AsyncIterator[House]:
    """A hub whose worker is the test."""
    url = database_url.replace("postgresql+psycopg://", "postgresql://")
    async with house(tmp_path, **({} if url.startswith("sqlite") else {"database_url": url})) as made:
        yield made


async def claimed(home: House, **spec: Any) -> Claim:
    """A run that a worker holds."""
    await home.submit("true", **spec)
    claim = await home.runs.claim("test", Offer(free=ROOM, total=ROOM), 60)
    assert claim is not None
    return claim


async def reported(home: House, points: list[Point]) -> Run:
    claim = await claimed(home)
    await home.runs.append_metrics(claim, points)
    return claim.run


async def test_a_long_metric_is_thinned_out_and_its_last_value_exact(quiet: House) -> None:
    points = [Point(key="loss", value=1000.0 - step, step=step, time=step) for step in range(1000)]
    points += [Point(key="accuracy", value=step / 1000, step=step, time=step) for step in (250, 500, 750)]
    run = await reported(quiet, points)
    accuracy, loss = await quiet.runs.series(quiet.alice, run.id, samples=50)
    assert (accuracy.key, loss.key) == ("accuracy", "loss")
    assert [(sample.step, sample.value) for sample in accuracy.samples] == [(250, 0.25), (500, 0.5), (750, 0.75)]
    assert (loss.count, loss.last.value, loss.last.step) == (1000, 1.0, 999)
    assert 45 <= len(loss.samples) <= 51
    assert (loss.samples[0].step, loss.samples[0].high, loss.samples[-1].low) == (0, 1000.0, 1.0)
    assert all(one.value > other.value for one, other in zip(loss.samples, loss.samples[1:], strict=False))


async def test_a_metric_without_steps_is_in_the_order_of_its_values(quiet: House) -> None:
    run = await reported(quiet, [Point(key="k", value=float(n), time=n) for n in range(200)])
    [series] = await quiet.runs.series(quiet.alice, run.id, samples=10)
    assert len(series.samples) <= 11
    assert [sample.time for sample in series.samples] == sorted(sample.time for sample in series.samples)


async def test_values_and_steps_as_large_as_they_may_be(quiet: House) -> None:
    points = [Point(key="k", value=value, step=step) for step in (-(2**62), 2**62) for value in (1e308, -1e308, 1e308)]
    run = await reported(quiet, points)
    [series] = await quiet.runs.series(quiet.alice, run.id)
    assert [(sample.low, sample.high) for sample in series.samples] == [(-1e308, 1e308)] * 2


async def test_only_the_first_metrics_by_name(quiet: House) -> None:
    run = await reported(quiet, [Point(key=f"k{n}", value=1.0) for n in range(5)])
    assert [series.key for series in await quiet.runs.series(quiet.alice, run.id, metrics=2)] == ["k0", "k1"]
    assert await quiet.runs.series(quiet.alice, (await quiet.submit("true")).id) == []


async def test_the_end_of_a_log(quiet: House) -> None:
    claim = await claimed(quiet)
    assert await quiet.runs.log_tail(quiet.alice, claim.run.id, 100) == []
    for number in range(30):
        await quiet.runs.append_log(claim, "stdout", f"line {number:03}\n")
    tail = await quiet.runs.log_tail(quiet.alice, claim.run.id, 25)
    assert [(block.number, block.text) for block in tail] == [(n + 1, f"line {n:03}\n") for n in (27, 28, 29)]
    assert len(await quiet.runs.log_tail(quiet.alice, claim.run.id, 10**6)) == 30


async def test_what_is_no_business_of_the_caller_is_absent(quiet: House) -> None:
    run = (await claimed(quiet)).run
    for asked in (quiet.runs.series(quiet.bob, run.id), quiet.runs.log_tail(quiet.bob, run.id, 10)):
        with pytest.raises(RunNotFound):
            await asked
    assert await quiet.runs.visible(quiet.alice, [run.id, 99]) == {run.id}
    assert await quiet.runs.visible(quiet.bob, [run.id]) == set()
    assert await quiet.runs.visible(ANONYMOUS, [run.id]) == set()


async def test_lists_are_narrowed_by_state_kind_owner_and_name(quiet: House) -> None:
    claim = await claimed(quiet, name="Digits_1")
    await quiet.runs.finish(claim, Outcome())
    other = await quiet.submit("true", name="digitsX1")

    async def ids(**query: Any) -> list[int]:
        return [run.id for run in await quiet.runs.list(quiet.alice, RunQuery(**query))]

    assert await ids() == [other.id, claim.run.id]
    assert await ids(state="succeeded") == [claim.run.id]
    assert await ids(text="DIGITS") == [other.id, claim.run.id]
    assert await ids(text="s_1") == [claim.run.id]
    assert await ids(kind="task", owner="alice", before=other.id) == [claim.run.id]
    assert await ids(kind="other") == await ids(owner="bob") == await ids(text="%") == []


async def test_who_may_submit(quiet: House) -> None:
    assert [quiet.runs.may_submit(caller) for caller in (quiet.alice, quiet.bob, ANONYMOUS)] == [True, False, False]
