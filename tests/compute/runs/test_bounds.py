"""What is kept of one run is bounded, and says so."""

import pytest

from commonground.compute.runs import service
from commonground.compute.runs.model import Point
from tests.compute.runs.house import House
from tests.compute.runs.test_publishing import claimed

pytestmark = pytest.mark.anyio


async def test_the_metrics_of_a_run_are_bounded(idle: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "METRIC_LIMIT", 5)
    claim, _ = await claimed(idle, outputs={})
    for start in (0, 3, 6):
        points = [Point(key="loss", value=float(n), step=n, time=1) for n in range(start, start + 3)]
        await idle.runs.append_metrics(claim, points)
    found = await idle.runs.metrics(idle.alice, claim.run.id)
    assert [point.step for point in found] == [0, 1, 2, 3, 4]
    said = "[what follows is left out: 5 values of metrics are kept of one run]\n"
    assert await idle.log(claim.run.id, "system") == said
