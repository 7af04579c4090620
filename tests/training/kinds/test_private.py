"""Private training as runs on a real hub: the noise is solved when the run is submitted, the model says what it promises."""

import json

import pytest

from commonground.training.privacy.accounting import guarantee
from commonground.training.privacy.model import SampledGaussian
from tests.training.kinds.programs import REGRESSION
from tests.training.kinds.school import School

pytestmark = pytest.mark.anyio

PRIVATE = {"epsilon": 8.0, "delta": 1e-4, "clip": 1.0, "rows": 96}


@pytest.mark.parametrize("kind", ["ps-sync", "ps-async"])
async def test_a_private_run(classes: School, kind: str) -> None:
    run = await classes.submit(
        REGRESSION,
        kind=kind,
        resources={"workers": 2, "servers": 1},
        options={"epochs": 4, "batch": 12},
        ps={"lr": 0.05},
        privacy=PRIVATE,
    )
    await classes.graduated(run)
    ended = await classes.home.runs.find(classes.home.alice, run.id)
    mechanism = {"ps-sync": (24 / 96, 16), "ps-async": (12 / 96, 32)}[kind]
    promised = guarantee([SampledGaussian(run.spec.privacy["noise"], *mechanism)], 1e-4)
    assert 7.5 < promised.epsilon <= 8.0
    model = await classes.home.services.repositories.by_id(ended.outputs[0].repository_id)
    facts = json.loads((await classes.home.files(model, ended.outputs[0].commit or ""))["privacy.json"])
    assert (facts["epsilon"], facts["sampling_rate"], facts["steps"]) == (promised.epsilon, *mechanism)
    assert set((await classes.metric(run, "privacy_epsilon")).values()) == {promised.epsilon}
    assert await classes.metric(run, "loss") == {}


async def test_fewer_rows_than_were_said_end_the_run_at_once(classes: School) -> None:
    run = await classes.submit(
        REGRESSION,
        kind="ps-sync",
        resources={"workers": 1, "servers": 1},
        fault={"max_restarts": 3},
        privacy={**PRIVATE, "rows": 1000},
    )
    ended = await classes.home.until(run.id, lambda found: found.state == "failed")
    assert ended.attempt == 1
    assert "privacy.rows is 1000, and the data has 96" in await classes.home.log(run.id)
