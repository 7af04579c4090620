"""Privacy with the packages that do it well: loss distributions beside the reference table, Opacus on the digits."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from commonground.samples import Skipped, prepare
from tests.engines.conftest import HOME, Script
from tests.training.privacy.reference import DELTA, TABLE

ACCOUNT = """
import json, sys
from commonground.training.privacy.accounting import guarantee, noise_for
from commonground.training.privacy.model import SampledGaussian

delta, rows = json.loads(sys.argv[1])
found = [guarantee([SampledGaussian(*row)], delta) for row in rows]
both = guarantee([SampledGaussian(*row) for row in rows[:2]], delta)
noise = noise_for(3.0, delta, 256 / 60_000, 14062)
reached = guarantee([SampledGaussian(noise, 256 / 60_000, 14062)], delta)
print(json.dumps([[(one.accountant, one.epsilon, one.renyi) for one in [*found, both, reached]], noise]))
"""

TRAIN = """
import csv, json, sys, torch
import numpy as np
from commonground.training.privacy.opacus import OpacusProgram
from commonground.training.privacy.plan import Privacy, PrivacyPlan
from commonground.training.privacy.poisson import PoissonSampler
from commonground.training.privacy.program import PrivateProgram

with open(sys.argv[1]) as file:
    _, *lines = csv.reader(file)
torch.set_num_threads(1)
values = np.random.default_rng(0).permutation(np.array(lines, np.float32))
x, y = values[:, :64] / np.float32(16), values[:, 64].astype(np.int64)
test_x, test_y = torch.from_numpy(x[1347:]), torch.from_numpy(y[1347:])
torch.manual_seed(0)
module = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
loss = lambda module, batch: torch.nn.functional.cross_entropy(module(batch["x"]), batch["y"])
accuracy = lambda module: {"accuracy": float((module(test_x).argmax(1) == test_y).float().mean())}
plan = PrivacyPlan(privacy=Privacy(noise=float(sys.argv[2]), clip=1.0, rows=1347), sampling_rate=1 / 22, steps=660)
program = OpacusProgram(module, loss, {"x": x[:1347], "y": y[:1347]}, evaluate=accuracy)
private, sampler = PrivateProgram(program, plan), PoissonSampler(rows=1347, rate=plan.sampling_rate)
gradient = np.zeros_like(private.parameters)
for step in range(plan.steps):
    private.gradient(private.data.read(sampler.part(step, 0)), gradient)
    private.parameters[:] -= np.float32(0.5) * gradient
print(json.dumps(dict(private.evaluate())))
"""

COMPARE = """
import json, torch
import numpy as np
from commonground.training.privacy.opacus import OpacusProgram
from commonground.training.adapters.torch import TorchProgram

torch.manual_seed(0)
module = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2))
x = np.random.default_rng(1).normal(size=(7, 6)).astype(np.float32)
y = np.arange(7) % 2
loss = lambda module, batch: torch.nn.functional.cross_entropy(module(batch["x"]), batch["y"])
program = OpacusProgram(module, loss, {"x": x, "y": y})
together, alone = (np.zeros((7, len(program.parameters)), np.float32) for _ in range(2))
program.example_gradients(program.data.read(np.arange(7)), together)
plain = TorchProgram(module, loss, {"x": x, "y": y})
for row in range(7):
    plain.gradient(plain.data.read(np.array([row])), alone[row])
again = np.zeros_like(together)
program.example_gradients(program.data.read(np.arange(7)), again)
print(json.dumps([float(abs(together - alone).max()), float(abs(together - again).max()), float(abs(alone).max())]))
"""

MIXES = """
import torch
from commonground.errors import InvalidSpec
from commonground.training.privacy.opacus import OpacusProgram
try:
    OpacusProgram(torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2)), None, {"x": [[0, 0]]})
except InvalidSpec as error:
    print(error)
"""


@pytest.fixture(scope="module")
def script() -> Script:
    """``script(code, *arguments)``: what it prints, run by the group's interpreter; no server is needed."""

    def run(code: str, *arguments: str) -> str:
        command = [str(HOME / "venv" / "bin" / "python"), "-W", "ignore", "-c", code, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280, env=os.environ)
        assert done.returncode == 0, done.stderr[-6000:]
        return done.stdout.strip()

    return run


def test_the_figures_of_loss_distributions(script: Script) -> None:
    rows = [(row.noise, 256 / 60_000, row.steps) for row in TABLE]
    found, noise = json.loads(script(ACCOUNT, json.dumps([DELTA, rows])))
    *alone, both, reached = found
    for row, (accountant, epsilon, renyi) in zip(TABLE, alone, strict=True):
        assert accountant == "pld"
        assert epsilon == pytest.approx(row.pld, rel=0.01)
        assert renyi == pytest.approx(row.renyi, abs=1e-3)
        assert epsilon <= renyi
    assert alone[1][1] < both[1] < alone[0][1] + alone[1][1]
    assert noise == pytest.approx(0.972, rel=0.01)
    assert reached[1] <= 3.0


def test_gradients_of_examples_are_those_of_batches_of_one(script: Script) -> None:
    apart, again, size = json.loads(script(COMPARE))
    assert apart < 1e-6 < size
    assert again == 0.0


def test_a_module_that_mixes_examples_is_refused(script: Script) -> None:
    assert "the module cannot be trained privately" in script(MIXES)


@pytest.mark.parametrize(("noise", "accuracy", "epsilon"), [(1.1, 0.944, 6.56), (2.0, 0.884, 2.65)])
def test_digits(script: Script, digits: Path, noise: float, accuracy: float, epsilon: float) -> None:
    found = json.loads(script(TRAIN, str(digits), str(noise)))
    assert found["privacy_epsilon"] == pytest.approx(epsilon, rel=0.01)
    assert found["accuracy"] > accuracy - 0.03  # one of many draws of the noise


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    [sample] = prepare(["digits"])
    if isinstance(sample, Skipped):
        pytest.skip(f"no digits: {sample.reason}")
    source = next(file.source for file in sample.files if file.path == "digits.csv")
    assert not isinstance(source, bytes)
    return Path(shutil.copy(source, tmp_path_factory.mktemp("digits")))
