"""Runs side by side."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commonground.compute.runs.model import Point, Sample, Series
from commonground.web.compare_runs import charts, different, last_values
from tests.web.hub import Hub, running
from tests.web.runs import another, ended
from tests.web.test_pages import assert_page

pytestmark = pytest.mark.anyio


@pytest.fixture
async def hub(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Hub]:
    """Everybody may execute, and nothing does."""
    async with running(tmp_path, runs_by="users") as made:
        yield made


def series(key: str, *values: float) -> Series:
    samples = tuple(Sample(step=n, time=n, value=value, low=value, high=value) for n, value in enumerate(values))
    return Series(
        key=key, count=len(values), last=Point(key=key, value=values[-1], step=len(values) - 1), samples=samples
    )


async def test_runs_are_compared_by_what_differs(hub: Hub) -> None:
    for rate in (1, 2):
        points = [Point(key="loss", value=1 / (step * rate + 1), step=step) for step in range(5)]
        await ended(hub, points, name=f"rate-{rate}", options={"rate": rate, "same": 1}, seed=7)
    answer = await hub.ada.get("/runs/compare?ids=1,2")
    assert_page(answer)
    assert answer.text.partition("<title>")[2].startswith("Compare runs")
    assert '<th scope="row"><code>options.rate</code></th><td><code>1</code></td><td><code>2</code></td>' in answer.text
    assert "options.same" not in answer.text
    assert 'class="lowest">0.1111' in answer.text
    assert 'class="highest">0.2' in answer.text
    assert 'aria-label="loss: 1: from 1 to 0.2; 2: from 1 to 0.1111"' in answer.text
    assert (await hub.ada.get("/runs/compare?ids=1&ids=2")).text.count("<polyline") == 2


async def test_nothing_to_compare(hub: Hub) -> None:
    assert "Choose two to 6 runs" in (await hub.ada.get("/runs/compare")).text
    await ended(hub)
    assert "Choose two to 6 runs" in (await hub.ada.get("/runs/compare?ids=1")).text
    assert (await hub.ada.get("/runs/compare?ids=1,x")).status_code == 404


async def test_more_than_can_be_told_apart(hub: Hub) -> None:
    for _ in range(8):
        await ended(hub, [Point(key="k", value=1.0)])
    page = (await hub.ada.get("/runs/compare?ids=" + ",".join(map(str, range(1, 9))))).text
    assert "The first 6 runs are shown." in page
    assert 'class="r6"' in page
    assert "r7" not in page


async def test_a_run_of_somebody_else_is_absent(hub: Hub) -> None:
    await ended(hub)
    _, bob = await another(hub)
    assert_page(await bob.get("/runs/compare?ids=1"), 404)


def test_only_different_options_are_rows() -> None:
    [row] = different([{"a": "1", "b": "2"}, {"a": "1"}])
    assert (row.name, row.values) == ("b", ["2", None])


def test_metrics_of_some_runs_are_rows_with_their_extremes() -> None:
    sides = [{"loss": series("loss", 3.0, 1.0)}, {"loss": series("loss", 0.5), "extra": series("extra", 2.0)}]
    extra, loss = last_values(sides)
    assert (extra.values, extra.marks) == ([None, "2"], ["", ""])
    assert (loss.values, loss.marks) == (["1", "0.5"], ["highest", "lowest"])
    assert [[curve.number for curve in chart.curves] for chart in charts(sides)] == [[2], [1, 2]]
