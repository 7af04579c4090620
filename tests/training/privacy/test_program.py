"""A private gradient is the clipped mean with noise; what it cost is published with what was trained."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commonground.errors import InvalidSpec
from commonground.training.adapters.numpy import NumpyProgram
from commonground.training.parameter_server.arrays import Floats
from commonground.training.privacy import program as module
from commonground.training.privacy.plan import Privacy, PrivacyPlan
from commonground.training.privacy.program import PrivateProgram
from commonground.training.program import Batch

ROWS, SIZE = 40, 3
X = np.random.default_rng(3).normal(size=(ROWS, SIZE)).astype(np.float32)


def loss(arrays: Mapping[str, Any], batch: Batch) -> tuple[float, Mapping[str, Any]]:
    """Half the squared distance: the gradient of a row is the parameters less the row."""
    difference = arrays["w"] - batch["x"]
    return float((difference**2).mean()), {"w": difference.mean(axis=0)}


def ordinary() -> NumpyProgram:
    return NumpyProgram({"w": np.zeros(SIZE)}, loss, {"x": X}, evaluate=lambda arrays: {"norm": 1.0})


class Quick(NumpyProgram):
    """The same, with the gradients of all rows at once."""

    calls = 0

    def example_gradients(self, batch: Batch, out: Floats) -> None:
        self.calls += 1
        out[:] = self.arrays["w"] - batch["x"]


def plan(noise: float = 0.0, clip: float = 1.0, rate: float = 0.25) -> PrivacyPlan:
    return PrivacyPlan(privacy=Privacy(noise=noise, clip=clip, rows=ROWS), sampling_rate=rate, steps=100)


def gradient(program: PrivateProgram, rows: int) -> tuple[float, Floats]:
    out = np.full(SIZE, np.nan, np.float32)
    told = program.gradient({"x": X[:rows]} if rows else {}, out)
    return told, out


def clipped_mean(rows: int, clip: float) -> Any:
    """By hand: over the expected 10 rows, not those that are there."""
    gradients = -X[:rows].astype(np.float64)
    lengths = np.linalg.norm(gradients, axis=1, keepdims=True)
    return (gradients * np.minimum(1.0, clip / lengths)).sum(axis=0) / 10


@pytest.mark.parametrize("rows", [1, 7, 40])
def test_the_sum_of_clipped_gradients_over_the_expected_rows(rows: int) -> None:
    told, found = gradient(PrivateProgram(ordinary(), plan()), rows)
    assert found == pytest.approx(clipped_mean(rows, 1.0), abs=1e-6)
    assert math.isnan(told)


def test_a_program_that_knows_its_examples_is_asked_for_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    program = Quick({"w": np.zeros(SIZE)}, loss, {"x": X})
    _, found = gradient(PrivateProgram(program, plan()), 40)
    assert found == pytest.approx(clipped_mean(40, 1.0), abs=1e-6)
    assert program.calls == 1
    monkeypatch.setattr(module, "MEMORY", 4 * SIZE * 8)
    _, found = gradient(PrivateProgram(program, plan()), 40)
    assert found == pytest.approx(clipped_mean(40, 1.0), abs=1e-6)
    assert program.calls == 1 + 5


@pytest.mark.parametrize(("shares", "deviation"), [(1, 1.5 * 2.0 / 10), (4, 1.5 * 2.0 / 2 / 2.5)])
def test_the_noise_of_a_step_is_shared_by_its_workers(shares: int, deviation: float) -> None:
    private = PrivateProgram(ordinary(), plan(noise=1.5, clip=2.0), shares=shares)
    found = np.concatenate([gradient(private, 0)[1] for _ in range(3000)])
    assert found.std() == pytest.approx(deviation, rel=0.05)


def test_fewer_rows_than_were_accounted_for_end_the_run() -> None:
    with pytest.raises(InvalidSpec, match=r"privacy\.rows is 40, and the data has 39"):
        PrivateProgram(NumpyProgram({"w": np.zeros(SIZE)}, loss, {"x": X[:39]}), plan())


def test_metrics_and_card_say_what_is_promised(tmp_path: Path) -> None:
    program = PrivateProgram(ordinary(), plan(noise=4.0))
    assert program.evaluate().keys() == {"norm", "privacy_epsilon", "privacy_delta"}
    (tmp_path / "README.md").write_text("# Model\n")
    program.save(tmp_path)
    facts = json.loads((tmp_path / "privacy.json").read_bytes())
    assert facts["epsilon"] == program.evaluate()["privacy_epsilon"] > 0
    assert (facts["steps"], facts["sampling_rate"], facts["noise_multiplier"]) == (100, 0.25, 4.0)
    assert "Poisson sampling" in facts["assumes"]
    card = (tmp_path / "README.md").read_text()
    assert card.startswith("# Model\n\n## Differential privacy\n")
    assert f"epsilon {facts['epsilon']:.4g} at delta 1e-05 ({facts['accountant']})" in card
    assert (tmp_path / "model.safetensors").exists()


def test_without_noise_nothing_is_promised(tmp_path: Path) -> None:
    PrivateProgram(ordinary(), plan()).save(tmp_path)
    assert json.loads((tmp_path / "privacy.json").read_bytes())["epsilon"] is None
    assert not (tmp_path / "README.md").exists()
