"""What is lost comes back, and the result is the one without the loss."""

import asyncio
import signal
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from bench.faults import damage, fill_disk

from commonground.compute.runs.model import Run
from commonground.training.context import Context
from commonground.training.parameter_server import Momentum, Options
from commonground.training.parameter_server.arrays import Floats
from commonground.training.parameter_server.shard import Shard
from commonground.training.sampler import Sampler
from tests.training.kinds.faults import strike
from tests.training.kinds.programs import REGRESSION
from tests.training.kinds.school import School

pytestmark = pytest.mark.anyio
GANG: dict[str, Any] = {
    "seed": 7,
    "resources": {"workers": 2, "servers": 2, "cpus": 0.1},
    "fault": {"max_restarts": 3, "heartbeat": "1s"},
}
STEPS, SECONDS = 60, 0.02
OPTIONS: Mapping[str, Any] = {"steps": STEPS, "batch": 8, "checkpoint_every": 10, "program": {"seconds": SECONDS}}
PS = {"optimizer": "momentum", "lr": 0.02}
ASYNC: dict[str, Any] = {"kind": "ps-async", "ps": {"lr": 0.02}}


async def struck(
    classes: School, role: str, rank: int, number: signal.Signals = signal.SIGKILL, **more: Any
) -> tuple[Run, float]:
    """A run of which a process is lost after some steps, and how many seconds later there was progress again."""
    run = await classes.submit(REGRESSION, **{"kind": "ps-sync", "ps": PS, "options": OPTIONS, **GANG, **more})
    await classes.reached(run, 15)
    when = await asyncio.to_thread(strike, run.id, role, rank, number)
    return run, await classes.progressed(run, when)


@cache
def undisturbed() -> Floats:
    """The weights after the same steps without processes: two gradients a step, one shard."""
    names: dict[str, Any] = {}
    exec(REGRESSION, names)
    program = names["build"](Context(options={}))
    sampler = Sampler(rows=96, batch=8, workers=2, seed=7)
    shard = Shard(program.parameters.copy(), Options(workers=2, optimizer=Momentum(0.02)))
    for step in range(STEPS):
        gradients = [np.empty(8, np.float32) for _ in range(2)]
        for rank, gradient in enumerate(gradients):
            program.gradient(program.data.read(sampler.part(step, rank)), gradient)
        shard.apply(0, list(enumerate(gradients)))
        program.parameters[:] = shard.weights
    return program.parameters  # type: ignore[no-any-return]


@pytest.mark.parametrize(("role", "rank"), [("worker", 1), ("server", 0)])
async def test_a_synchronous_run_ends_with_the_same_bits(classes: School, role: str, rank: int) -> None:
    run, recovery = await struck(classes, role, rank)
    trained = await classes.graduated(run)
    assert np.array_equal(trained["w"], undisturbed())
    assert recovery < 10  # 0.9 s on a quiet machine
    log = await classes.home.log(run.id, "system")
    assert "all processes are started again (1 of 3 times)" in log
    assert (await classes.home.runs.find(classes.home.alice, run.id)).attempt == 1


async def test_a_frozen_worker_is_killed_after_its_heartbeat(classes: School) -> None:
    run, recovery = await struck(classes, "worker", 1, signal.SIGSTOP)
    assert np.array_equal((await classes.graduated(run))["w"], undisturbed())
    assert 0.5 < recovery < 1 + 10


@pytest.mark.parametrize("rank", [0, 1])
async def test_an_asynchronous_worker_is_started_again_alone(classes: School, rank: int) -> None:
    run, _ = await struck(classes, "worker", rank, **ASYNC)
    trained = await classes.graduated(run)
    assert await classes.home.log(run.id, "system") == ""
    await right(classes, run, trained)


async def test_a_frozen_asynchronous_worker_is_started_again_alone(classes: School) -> None:
    run, _ = await struck(classes, "worker", 1, signal.SIGSTOP, **ASYNC, options={**OPTIONS, "steps": 150})
    await right(classes, run, await classes.graduated(run))
    assert await classes.home.log(run.id, "system") == ""


async def test_asynchronous_servers_come_back_from_their_snapshots(classes: School) -> None:
    run, _ = await struck(classes, "server", 1, **ASYNC)
    await right(classes, run, await classes.graduated(run))
    assert "all processes are started again" in await classes.home.log(run.id, "system")


async def right(classes: School, run: Run, trained: Any) -> None:
    """The solution of the regression, as near as so many steps come."""
    assert (await classes.metric(run, "error"))[max(await classes.metric(run, "error"))] < 0.05
    assert np.isfinite(trained["w"]).all()


async def test_a_damaged_checkpoint_is_passed_over(classes: School) -> None:
    run = await classes.submit(REGRESSION, kind="ps-sync", ps=PS, options=OPTIONS, **GANG)
    await classes.reached(run, 35)
    damage(classes.checkpoint(run))
    await asyncio.to_thread(strike, run.id, "worker", 1)
    assert np.array_equal((await classes.graduated(run))["w"], undisturbed())


async def test_training_goes_on_when_no_checkpoint_can_be_written(classes: School) -> None:
    run = await classes.submit(REGRESSION, kind="ps-sync", ps=PS, options=OPTIONS, **GANG)
    await classes.reached(run, 5)
    fill_disk(classes.checkpoint(run), 20, 2)
    assert np.array_equal((await classes.graduated(run))["w"], undisturbed())
    assert "no snapshot" in await classes.home.log(run.id)


async def test_a_program_that_always_fails_ends_the_run_for_good(classes: School) -> None:
    code = "def build(context):\n    raise OSError('never')\n"
    run = await classes.submit(code, kind="ps-sync", options={"steps": 1}, **{**GANG, "fault": {"max_restarts": 2}})
    ended = await classes.home.ended(run)
    assert (ended.state, ended.attempt) == ("failed", 1)
    assert (await classes.home.log(run.id)).count("OSError: never\n") >= 3
    assert ended.outputs[0].commit is None


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"ps": {"optimiser": "adam"}}, "ps has no optimiser; did you mean optimizer?"),
        ({"ps": {"lr": -1}}, "ps: Expected `float` > 0"),
        ({"ps": {"optimizer": "sgd", "beta1": 0.9}}, "with optimizer sgd"),
        ({"options": {"steps": 0}}, "options: Expected `int` >= 1"),
        ({"entry": "absent:build"}, "there is no module absent"),
        ({"resources": {"workers": 1, "cpus": 0.1}}, "resources.servers"),
    ],
)
async def test_what_cannot_be_meant_ends_the_run_at_once(classes: School, more: dict[str, Any], reason: str) -> None:
    run = await classes.submit(REGRESSION, **{"kind": "ps-sync", "options": OPTIONS, **GANG, **more})
    ended = await classes.home.ended(run)
    assert (ended.state, ended.exit_code, ended.attempt) == ("failed", 78, 1)
    log = await classes.home.log(run.id)
    assert reason in log
    assert "Traceback" not in log
    assert "started again" not in log
