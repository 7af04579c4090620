"""Data servers of a run: the same training as without them, also where one is killed in the middle of an epoch."""

from typing import Any

import numpy as np
import pytest

from tests.training.kinds.programs import REGRESSION
from tests.training.kinds.school import School
from tests.training.kinds.test_faults import ASYNC, GANG, PS, right, struck, undisturbed

pytestmark = pytest.mark.anyio
PATIENT: dict[str, Any] = {"max_restarts": 3, "heartbeat": "8s"}
"""A busy machine may take seconds to start a process again; here that is no fault."""
SERVED: dict[str, Any] = {**GANG, "data": {"servers": 2, "prefetch": 3}, "fault": PATIENT}


@pytest.mark.parametrize("rank", [0, 1])
async def test_a_killed_data_server_changes_no_bit_and_stops_nobody(classes: School, rank: int) -> None:
    run, _ = await struck(classes, "data", rank, data=SERVED["data"], fault=PATIENT)
    assert np.array_equal((await classes.graduated(run))["w"], undisturbed())
    assert await classes.home.log(run.id, "system") == ""  # it alone is started again


async def test_workers_that_do_not_wait_are_lent_every_row(classes: School) -> None:
    options = {"epochs": 12, "batch": 8, "checkpoint_every": 10}
    run = await classes.submit(REGRESSION, **{**SERVED, **ASYNC, "options": options, "ps": PS})
    await right(classes, run, await classes.graduated(run))


async def test_what_a_lost_worker_was_lent_is_trained_on(classes: School) -> None:
    options = {"epochs": 10, "batch": 8, "checkpoint_every": 10, "program": {"seconds": 0.02}}
    run, _ = await struck(classes, "worker", 1, **ASYNC, data=SERVED["data"], options=options, fault=PATIENT)
    await right(classes, run, await classes.graduated(run))
    assert await classes.home.log(run.id, "system") == ""


async def test_a_private_run_draws_its_rows_itself(classes: School) -> None:
    privacy = {"noise": 1.0, "delta": 1e-5, "clip": 1.0, "rows": 96}
    run = await classes.submit(REGRESSION, **{**SERVED, "kind": "ps-sync", "privacy": privacy})
    ended = await classes.home.until(run.id, lambda found: found.state not in {"queued", "running"}, 30)
    assert "data.servers" in (ended.error or "") + await classes.home.log(run.id)
