"""Workers that do not wait for each other, as runs."""

import numpy as np
import pytest
from bench.faults import PROGRAM

from commonground.training.context import Context
from commonground.training.sampler import Sampler
from tests.training.kinds.school import School

pytestmark = pytest.mark.anyio
STEPS, RATE = 40, 0.05
RUN = {"kind": "ps-async", "options": {"steps": STEPS, "batch": 8}, "seed": 3}


async def test_one_worker_is_sgd_to_the_last_bit(classes: School) -> None:
    resources = {"workers": 1, "servers": 2, "cpus": 0.1}
    trained = await classes.train(PROGRAM, **RUN, ps={"lr": RATE}, resources=resources)
    names: dict[str, object] = {}
    exec(PROGRAM, names)
    program, gradient = names["build"](Context()), np.empty(8, np.float32)  # type: ignore[operator]
    sampler = Sampler(rows=96, batch=8, seed=3)
    for step in range(STEPS):
        program.gradient(program.data.read(sampler.part(step, 0)), gradient)
        program.parameters[:] -= gradient * np.float32(RATE)
    assert np.array_equal(trained["w"], program.parameters)


async def test_workers_that_exchange_rarely_and_begin_one_by_one_learn_the_same(classes: School) -> None:
    """Downpour: pushes every third step, fetches every second, what is left is pushed at the end; worker 0 is ahead."""
    ps = {"lr": RATE, "n_push": 3, "n_fetch": 2, "warm_start": 10, "staleness": {"bound": 20, "scale": "sqrt"}}
    resources = {"workers": 2, "servers": 1, "cpus": 0.1}
    run = await classes.submit(PROGRAM, **RUN, ps=ps, resources=resources)
    await classes.graduated(run)
    assert (await classes.metric(run, "error"))[STEPS] < 0.05
