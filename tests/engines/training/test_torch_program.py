"""A PyTorch module on parameter servers: the trajectory of the same model in NumPy, and what is particular to modules."""

import json
from typing import Any

import numpy as np
import pytest

from commonground.sdk.hub import Hub
from tests.engines.training.conftest import Train

PROGRAM = """
import numpy as np
from commonground.training.adapters.numpy import NumpyProgram

random = np.random.default_rng(7)
X, Y = random.normal(size=(44, 6)).astype(np.float32), random.normal(size=(44, 1)).astype(np.float32)
SHAPES = {"0.weight": (5, 6), "0.bias": (5,), "2.weight": (1, 5), "2.bias": (1,)}
START = {name: (random.normal(size=shape) / 3).astype(np.float32) for name, shape in SHAPES.items()}


def numpy_program(context):
    def loss(w, batch):
        hidden = np.tanh(batch["x"] @ w["0.weight"].T + w["0.bias"])
        error = hidden @ w["2.weight"].T + w["2.bias"] - batch["y"]
        out = 2 * error / len(error)
        inner = out @ w["2.weight"] * (1 - hidden**2)
        gradient = {"0.weight": inner.T @ batch["x"], "0.bias": inner.sum(0), "2.weight": out.T @ hidden, "2.bias": out.sum(0)}
        return float((error**2).mean()), gradient

    return NumpyProgram(START, loss, {"x": X, "y": Y})


def torch_program(context):
    import torch
    from commonground.training.adapters.torch import TorchProgram

    module = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1))
    module.load_state_dict({name: torch.from_numpy(value) for name, value in START.items()})
    loss = lambda module, batch: ((module(batch["x"]) - batch["y"]) ** 2).mean()
    error = lambda module: {"error": float(((module(torch.from_numpy(X)) - torch.from_numpy(Y)) ** 2).mean())}
    return TorchProgram(module, loss, {"x": X, "y": Y}, evaluate=error, card="# Small\\n")


def dropout_program(context):
    import os, signal, torch
    from commonground.training.adapters.torch import TorchProgram

    torch.manual_seed(context.seed)
    module, steps = torch.nn.Sequential(torch.nn.Linear(6, 50), torch.nn.Dropout(0.5), torch.nn.Linear(50, 1)), 0

    def loss(module, batch):
        nonlocal steps
        steps += 1
        if context.options["program"]["dies"] and steps == 30 and context.rank == 1 and os.environ["CG_RESTART"] == "0":
            os.kill(os.getpid(), signal.SIGKILL)
        return ((module(batch["x"]) - batch["y"]) ** 2).mean()

    return TorchProgram(module, loss, {"x": X, "y": Y})
"""
GANG = {"workers": 2, "servers": 2, "cpus": 0.5}
OPTIONS = {"epochs": 5, "batch": 3, "checkpoint_every": 20}


def weights(content: bytes) -> dict[str, np.ndarray[Any, Any]]:
    """The float32 arrays of a safetensors file."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    body = content[8 + length :]
    return {
        name: np.frombuffer(body[slice(*entry["data_offsets"])], np.float32).reshape(entry["shape"])
        for name, entry in header.items()
    }


def trained(hub: Hub, train: Train, entry: str, **specification: Any) -> dict[str, np.ndarray[Any, Any]]:
    run = train(PROGRAM, **{"entry": f"train:{entry}", "options": OPTIONS, "resources": GANG, **specification})
    return weights(hub.read_file(f"{run.outputs[0].repository}/model.safetensors"))


@pytest.mark.parametrize("kind", ["ps-sync", "ps-async"])
@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_a_module_takes_the_steps_of_the_same_arrays(hub: Hub, train: Train, kind: str, optimizer: str) -> None:
    resources = GANG if kind == "ps-sync" else {"workers": 1, "servers": 1, "cpus": 0.5}  # asynchronous: SGD, exactly
    ps = {"optimizer": optimizer, "lr": 0.02}
    plain = trained(hub, train, "numpy_program", kind=kind, ps=ps, resources=resources)
    module = trained(hub, train, "torch_program", kind=kind, ps=ps, resources=resources)
    assert plain.keys() == module.keys()
    for name, values in plain.items():
        np.testing.assert_allclose(module[name], values, atol=1e-6)


def test_the_card_and_the_metrics_of_a_module(hub: Hub, train: Train) -> None:
    run = train(PROGRAM, kind="ps-sync", entry="train:torch_program", options=OPTIONS, resources=GANG, ps={"lr": 0.05})
    assert hub.read_file(f"{run.outputs[0].repository}/README.md") == b"# Small\n"
    errors = [point.value for point in hub.list_run_metrics(run.id, ["error"])]
    assert len(errors) == 5
    assert errors[-1] < errors[0]


def test_dropout_resumes_with_the_same_bits(hub: Hub, train: Train) -> None:
    specification = {"kind": "ps-sync", "ps": {"lr": 0.01}, "fault": {"max_restarts": 1}}
    calm, lost = (
        trained(hub, train, "dropout_program", **specification, options={**OPTIONS, "program": {"dies": dies}})
        for dies in (False, True)
    )
    for name, values in calm.items():
        assert np.array_equal(lost[name], values)
    [run, *_] = hub.list_runs()
    assert "all processes are started again" in "".join(block.text for block in hub.list_run_logs(run.id))
