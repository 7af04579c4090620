"""Runs of the kind all-reduce on a real hub: the same parameters as one process, as parameter servers, as the paper."""

import json
from typing import Any

import numpy as np
import pytest

from commonground.sdk.hub import Hub
from tests.engines.training.conftest import Train

ROWS, FEATURES, BATCH = 40, 6, 3

PROGRAM = """
import numpy as np
from commonground.training.adapters.numpy import NumpyProgram

def build(context):
    random = np.random.default_rng(7)
    data = {"x": random.normal(size=(40, 6)).astype(np.float32), "y": random.normal(size=40).astype(np.float32)}

    def gradient(arrays, batch):
        error = batch["x"] @ arrays["w"] - batch["y"]
        return float((error ** 2).mean()), {"w": 2 * batch["x"].T @ error / len(error)}

    def evaluate(arrays):
        error = data["x"] @ arrays["w"] - data["y"]
        return {"squared_error": float((error ** 2).mean())}

    return NumpyProgram({"w": np.ones(6)}, gradient, data, evaluate=evaluate)
"""


def trained(hub: Hub, train: Train, code: str = PROGRAM, **specification: Any) -> np.ndarray[Any, Any]:
    """The parameters a run published."""
    run = train(code, **{"kind": "all-reduce", "entry": "train:build", **specification})
    content = hub.read_file(f"{run.outputs[0].repository}/model.safetensors")
    length = int.from_bytes(content[:8], "little")
    assert set(json.loads(content[8 : 8 + length])) - {"__metadata__"} == {"w"}
    return np.frombuffer(content[8 + length :], np.float32)


def test_workers_become_what_one_process_becomes_and_the_closed_form(hub: Hub, train: Train) -> None:
    options = {"epochs": 3, "checkpoint_every": 0}
    ps = {"optimizer": "momentum", "lr": 0.05}
    many = trained(hub, train, resources={"workers": 3, "cpus": 0.5}, options={**options, "batch": BATCH}, ps=ps)
    one = trained(hub, train, resources={"workers": 1}, options={**options, "batch": 3 * BATCH}, ps=ps)
    np.testing.assert_allclose(many, one, atol=1e-6)


def test_parameter_servers_that_take_the_mean_come_to_the_same(hub: Hub, train: Train) -> None:
    options, ps = {"epochs": 3, "batch": BATCH}, {"optimizer": "adam", "lr": 0.02}
    found = trained(hub, train, resources={"workers": 2, "cpus": 0.5}, options=options, ps=ps)
    servers = {"workers": 2, "servers": 1, "cpus": 0.5}
    mean = {**ps, "aggregate": "mean"}
    same = trained(hub, train, kind="ps-sync", resources=servers, options=options, ps=mean)
    np.testing.assert_allclose(found, same, atol=1e-6)


FAULTY = (
    PROGRAM.replace("def build", "def innocent")
    + """
def build(context):
    import os, pathlib, signal
    program, steps = innocent(context), 0
    gradient, once = program.gradient, pathlib.Path(os.environ["CG_CHECKPOINT"], "happened")

    def faulty(batch, out):
        nonlocal steps
        steps += 1
        if steps == 9 and context.rank == 1 and not once.exists():
            once.touch()
            os.kill(os.getpid(), getattr(signal, context.options["program"]["signal"]))
        return gradient(batch, out)

    program.gradient = faulty
    return program
"""
)


@pytest.mark.parametrize(
    ("signal", "mode", "step"), [("SIGKILL", {}, 8), ("SIGKILL", {"local_steps": 3}, 6), ("SIGSTOP", {}, 8)]
)
def test_a_worker_that_is_lost_leaves_no_trace(
    hub: Hub, train: Train, signal: str, mode: dict[str, Any], step: int
) -> None:
    """Killed or frozen: all processes start again from the checkpoint, and end with the same bits."""
    specification: dict[str, Any] = {
        "options": {"epochs": 4, "batch": BATCH, "checkpoint_every": 2, **mode},
        "ps": {"optimizer": "momentum", "lr": 0.02},
        "resources": {"workers": 2, "cpus": 0.5},
        "fault": {"max_restarts": 2, "heartbeat": "2s"},
    }
    calm = trained(hub, train, **specification)
    specification["options"] = {**specification["options"], "program": {"signal": signal}}
    assert trained(hub, train, FAULTY, **specification).tobytes() == calm.tobytes()
    [run, *_] = hub.list_runs()
    assert f"continued from step {step} of 28" in "".join(block.text for block in hub.list_run_logs(run.id))


DDP = """
import json, os, pathlib
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

def main():
    dist.init_process_group("gloo")
    rank, size = dist.get_rank(), dist.get_world_size()
    assert dist.is_torchelastic_launched()
    local = {name: int(os.environ[name]) for name in ("LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK", "ROLE_RANK")}
    assert local == {"LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": size, "GROUP_RANK": 0, "ROLE_RANK": rank}
    torch.manual_seed(0)
    model = DistributedDataParallel(torch.nn.Linear(4, 1, bias=False))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, y = torch.randn(8, 4), torch.randn(8, 1)
    for _ in range(5):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x[rank::size]), y[rank::size]).backward()
        optimizer.step()
    if rank == 0:
        weight = model.module.weight.detach().flatten().tolist()
        pathlib.Path(os.environ["CG_OUTPUT_MODEL"], "weight.json").write_text(json.dumps(weight))
    dist.barrier()
    dist.destroy_process_group()

if __name__ == "__main__":
    main()
"""

FSDP = (
    DDP.replace("from torch.nn.parallel import DistributedDataParallel", "")
    .replace("DistributedDataParallel(torch.nn.Linear(4, 1, bias=False))", "sharded(torch.nn.Linear(4, 1, bias=False))")
    .replace("        weight = model.module.weight.detach()", "        weight = full")
    .replace("    if rank == 0:", "    full = model.weight.full_tensor().detach()\n    if rank == 0:")
    .replace(
        "def main():",
        """
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

def sharded(module):
    return fully_shard(module, mesh=init_device_mesh("cpu", (dist.get_world_size(),)))

def main():""",
    )
)


def weight(hub: Hub, train: Train, code: str, workers: int) -> list[float]:
    command = "python $CG_INPUT_CODE/train.py"
    run = train(code, kind="all-reduce", run=command, resources={"workers": workers, "cpus": 0.5})
    found: list[float] = json.loads(hub.read_file(f"{run.outputs[0].repository}/weight.json"))
    return found


def test_a_script_for_torchrun_runs_unchanged(hub: Hub, train: Train) -> None:
    one = weight(hub, train, DDP, 1)
    np.testing.assert_allclose(weight(hub, train, DDP, 2), one, atol=1e-6)
    np.testing.assert_allclose(weight(hub, train, FSDP, 2), one, atol=1e-6)
