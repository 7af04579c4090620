"""Runs and the planner: what was foretold stands beside what was measured, and the planner may choose."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commonground.compute.planner import machine, profiles
from commonground.errors import InvalidProfile
from tests.compute.planner.machines import profile
from tests.training.kinds.programs import REGRESSION
from tests.training.kinds.school import School, school

pytestmark = pytest.mark.anyio
OPTIONS = {"steps": 30, "batch": 8, "program": {"seconds": 0.005}}


@pytest.fixture
async def calibrated(tmp_path: Path) -> AsyncIterator[School]:
    """A hub on a machine that was calibrated."""
    path = tmp_path / "machine.json"
    profiles.save(profile(machine=machine.fingerprint()), path)
    async with school(tmp_path / "hub", machine_profile=path) as classes:
        yield classes


async def test_a_finished_run_stores_what_was_foretold_and_teaches_the_profile(calibrated: School) -> None:
    run = await calibrated.submit(
        REGRESSION, kind="ps-sync", options=OPTIONS, resources={"workers": 1, "servers": 1}, ps={"lr": 0.02}
    )
    await calibrated.graduated(run)
    plan = (await calibrated.home.runs.find(calibrated.home.alice, run.id)).environment["plan"]
    assert 0.005 < plan["measured"] < 0.1
    assert plan["lower"] <= plan["predicted"] <= plan["upper"]
    path = calibrated.home.services.settings.machine_profile
    assert path is not None
    [point] = profiles.load(path).points
    assert point.step == pytest.approx(plan["measured"])


async def test_the_planner_chooses_the_size_where_it_is_asked_to(calibrated: School) -> None:
    plan = {"parameters": 8, "fixed": "5ms", "samples": 1000, "maximize": "time", "max_workers": 4}
    run = await calibrated.submit(REGRESSION, kind="ps-sync", plan=plan, options=OPTIONS, ps={"lr": 0.02})
    assert run.spec.resources.workers == 4
    assert run.spec.resources.servers >= 1
    await calibrated.graduated(run)


async def test_without_a_profile_a_choice_is_refused(tmp_path: Path) -> None:
    async with school(tmp_path / "hub", machine_profile=tmp_path / "none.json") as classes:
        with pytest.raises(InvalidProfile):
            await classes.submit(REGRESSION, kind="ps-sync", plan={"maximize": "time"})
