"""Runs for the pages to show: executed by the worker of the server under test."""

import asyncio
import time
from typing import Any

from commonground.accounts.model import Principal
from commonground.compute.runs.model import ENDED, Run, State
from commonground.services import Services

METRICS = r"""
awk 'BEGIN { srand(ENVIRON["CG_SEED"]); rate = ENVIRON["RATE"];
  for (i = 0; i < 400; i++) {
    loss = exp(-i * rate / 100) + rand() / 20;
    printf "{\"key\": \"loss\", \"value\": %f, \"step\": %d}\n", loss, i;
    if (i % 40 == 39) printf "{\"key\": \"accuracy\", \"value\": %f, \"step\": %d}\n", 1 - loss / 3, i }
}' >&3
for epoch in 1 2 3; do echo "epoch $epoch: $(date -u +%H:%M:%S) 损失下降"; done
echo "a warning" >&2
"""
WRITES = 'for folder in $CG_OUTPUT_MODEL; do echo "{}" > $folder/config.json; done'


async def fill_runs(services: Services, owner: Principal) -> list[str]:
    """Make them, as an administrator; the addresses of their pages."""
    for name in ("digits", "digits-small"):
        await services.repositories.create(owner, "model", owner.name, name)
    data, outputs = (
        "hub://datasets/bench/corpus",
        [f"hub://models/{owner.name}/{name}" for name in ("digits", "digits-small")],
    )
    first = await _run(services, owner, "succeeded", name="digits", run=METRICS + WRITES, environment={"RATE": "1"},
                       inputs={"data": data}, outputs={"model": outputs[0]}, seed=1, options={"epochs": 3})  # fmt: skip
    second = await _run(services, owner, "succeeded", name="distil", run=METRICS + WRITES, environment={"RATE": "2"},
                        inputs={"data": data, "teacher": outputs[0]}, outputs={"model": outputs[1]}, seed=2,
                        options={"epochs": 5})  # fmt: skip
    third = await _run(services, owner, "failed", name="a-run-that-fails", run="echo 'no such file' >&2; exit 3")
    last = await _run(
        services, owner, "running", name="goes-on", run=METRICS + "sleep 600", environment={"RATE": "1.5"}
    )
    commit = second.outputs[0].commit
    return [
        "/runs", "/runs?state=failed", "/runs?search=nothing", *(f"/runs/{run.id}" for run in (first, second, third, last)),
        f"/runs/compare?ids={first.id},{second.id}", "/runs/compare", "/runs/new", f"/runs/new?from={first.id}",
        "/runs/fine-tune?model=bench/speech&task=text-classification", "/bench/speech",
        f"/{owner.name}/digits/lineage", f"/{owner.name}/digits-small/lineage/{commit}?depth=6", "/bench/hostile/lineage",
    ]  # fmt: skip


async def _run(services: Services, owner: Principal, state: State, **spec: Any) -> Run:
    """A run that has reached ``state``; one that goes on has reported its metrics."""
    run = await services.runs.submit(owner, {"fault": {"max_restarts": 0}, **spec})
    give_up = time.monotonic() + 60
    while run.state != state or (state == "running" and not await services.runs.metrics(owner, run.id)):
        assert run.state not in ENDED, run
        assert time.monotonic() < give_up, run
        await asyncio.sleep(0.05)
        run = await services.runs.find(owner, run.id)
    return run
