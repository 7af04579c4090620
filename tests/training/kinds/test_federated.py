"""The kind ``federated`` as real runs: rounds at the server, clients in worker processes, the model published."""

import asyncio
import json
import signal
from typing import Any

import numpy as np
import pytest

from tests.training.federated.programs import REGRESSION
from tests.training.kinds.faults import strike
from tests.training.kinds.school import School

pytestmark = pytest.mark.anyio
OPTIONS: dict[str, Any] = {"clients": 6, "rounds": 5, "epochs": 2, "batch": 4, "learning_rate": 0.05}
SPREAD: dict[str, Any] = {"kind": "federated", "seed": 7, "resources": {"workers": 2, "servers": 1, "cpus": 0.1}}
ALONE: dict[str, Any] = {"kind": "federated", "seed": 7, "resources": {"workers": 1, "cpus": 0.1}}


async def test_two_workers_train_the_bits_that_one_process_trains(classes: School) -> None:
    run = await classes.submit(REGRESSION, options=OPTIONS, **SPREAD)
    trained = await classes.graduated(run)
    assert np.array_equal(trained["w"], (await classes.train(REGRESSION, options=OPTIONS, **ALONE))["w"])
    assert list(await classes.metric(run, "loss")) == [1, 2, 3, 4, 5]
    assert set((await classes.metric(run, "clients")).values()) == {6}
    error = await classes.metric(run, "error")
    assert error[5] < error[1] / 5
    assert max((await classes.metric(run, "round_seconds")).values()) < 5


async def test_masks_and_privacy_are_options_of_the_same_specification(classes: School) -> None:
    options = {**OPTIONS, "secure_aggregation": True}
    run = await classes.submit(REGRESSION, options=options, privacy={"noise": 0.5, "clip": 1.0}, **SPREAD)
    await classes.graduated(run)
    [(last, epsilon)] = (await classes.metric(run, "privacy_epsilon")).items()
    renyi = await classes.metric(run, "privacy_epsilon_renyi")
    assert last == 5
    assert await classes.metric(run, "loss") == await classes.metric(run, "clients") == {}, (
        "they tell of single clients"
    )
    promised = json.loads((await classes.home.files(classes._model))["privacy.json"])
    assert (promised["unit"], promised["noise_multiplier"], promised["epsilon"]) == ("client", 0.5, epsilon)
    assert 0 < renyi[1] < renyi[4] < renyi[5]
    assert 0 < epsilon <= renyi[5] * 1.01


@pytest.mark.parametrize(("role", "rank"), [("worker", 1), ("server", 0)])
async def test_a_process_that_is_killed_does_not_end_the_run(classes: School, role: str, rank: int) -> None:
    options = {**OPTIONS, "rounds": 8, "program": {"seconds": 0.005}, "deadline": "20s"}
    run = await classes.submit(REGRESSION, options=options, fault={"max_restarts": 2}, **SPREAD)
    await classes.reached(run, 2)
    await asyncio.to_thread(strike, run.id, role, rank, signal.SIGKILL)
    trained = await classes.graduated(run, 60)
    error = await classes.metric(run, "error")
    assert error[8] < error[1] / 5
    assert np.isfinite(trained["w"]).all()
    ended = await classes.home.runs.find(classes.home.alice, run.id)
    assert ended.attempt == 1
    lost = await classes.metric(run, "lost_clients")
    assert sum(lost.values()) <= (3 if role == "worker" else 0), "those of the worker that had not answered"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"options": {"strategy": "fedsgd"}}, "Invalid value 'fedsgd'"),
        ({"options": {"clients": 97}}, "divided among 97 clients"),
        ({"resources": {"workers": 2, "servers": 2, "cpus": 0.1}}, "one server holds the rounds"),
        ({"resources": {"workers": 2, "cpus": 0.1}}, "several workers need a server"),
        ({"ps": {"lr": 1}}, "ps is of the parameter server"),
    ],
)
async def test_what_cannot_be_meant_ends_the_run_at_once(classes: School, changes: dict[str, Any], reason: str) -> None:
    run = await classes.submit(REGRESSION, **{**ALONE, "fault": {"max_restarts": 3}, **changes})
    ended = await classes.home.until(run.id, lambda found: found.state == "failed", 20)
    assert reason in await classes.home.log(run.id)
    assert ended.attempt == 1
