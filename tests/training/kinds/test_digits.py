"""Accuracies on the digits, beside those measured before with another implementation of the same algorithms: 64-64-10, 20 epochs of batches
of 32, 1347 rows to train on and 450 to measure with. The program is the tutorial's; the servers' arithmetic is the real one, without processes.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commonground.samples import Skipped, prepare
from commonground.training.adapters.numpy import NumpyProgram
from commonground.training.context import Context
from commonground.training.parameter_server import SGD, Options
from commonground.training.parameter_server.shard import Shard
from commonground.training.sampler import Sampler

PAGE = Path(__file__).parents[3] / "docs" / "tutorial" / "train-digits.md"
EPOCHS, SEEDS = 20, (0, 1, 2)


@cache
def build() -> Any:
    [code] = re.findall(r"^```python digits.py\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    return names["build"]


def program(seed: int) -> NumpyProgram:
    [sample] = prepare(["digits"])
    if isinstance(sample, Skipped):
        pytest.skip(f"no digits: {sample.reason}")
    table = next(file.source for file in sample.files if file.path == "digits.csv")
    assert isinstance(table, Path)
    made: NumpyProgram = build()(Context(seed=seed, inputs={"data": table.parent}))
    return made


def synchronous(seed: int, workers: int, rate: float) -> float:
    """The accuracy after steps that take the mean of all workers' gradients."""
    made = program(seed)
    options = Options(workers=workers, aggregate="mean", optimizer=SGD(rate))
    shard, sampler = Shard(made.parameters.copy(), options), Sampler(rows=1347, batch=32, workers=workers, seed=seed)
    gradients = [np.zeros_like(made.parameters) for _ in range(workers)]
    for step in range(EPOCHS * sampler.steps):
        parts = [sampler.part(step, rank) for rank in range(workers)]
        for rows, gradient in zip(parts, gradients, strict=True):
            made.gradient(made.data.read(rows), gradient)
            gradient *= len(rows) * workers / sum(map(len, parts))
        shard.apply(0, list(enumerate(gradients)))
        np.copyto(made.parameters, shard.weights)
    return made.evaluate()["accuracy"]


def asynchronous(seed: int, workers: int, rate: float, scale: Any = "none") -> tuple[float, float]:
    """The accuracy after as many gradients, and their mean staleness; who is next is drawn."""
    made, random = program(seed), np.random.default_rng(seed)
    options = Options(mode="async", workers=workers, optimizer=SGD(rate), staleness_scale=scale)
    shard, sampler = Shard(made.parameters.copy(), options), Sampler(rows=1347, batch=32, workers=workers, seed=seed)
    seen, steps, gradient = [shard.weights.copy() for _ in range(workers)], [0] * workers, np.zeros_like(shard.weights)
    staleness = []
    for _ in range(EPOCHS * sampler.steps * workers):
        rank = int(random.integers(workers))
        rows = sampler.part(steps[rank], rank)
        steps[rank] += 1
        if len(rows):
            np.copyto(made.parameters, seen[rank])
            with np.errstate(all="ignore"):
                made.gradient(made.data.read(rows), gradient)
            staleness.append(shard.clocks.staleness(rank, slice(0, 1)))
            shard.apply(0, [(rank, gradient)])
            shard.clocks.sent(rank, slice(0, 1))
            np.copyto(seen[rank], shard.weights)
    np.copyto(made.parameters, shard.weights)
    return made.evaluate()["accuracy"], float(np.mean(staleness))


@pytest.mark.parametrize(("workers", "rate", "expected", "deviation"), [(1, 0.2, 0.960, 0.004), (4, 0.8, 0.964, 0.003)])
def test_synchronous_training_is_as_accurate_as_before(
    workers: int, rate: float, expected: float, deviation: float
) -> None:
    """N workers with N times the rate are as accurate as one; a mean of three seeds has a standard error, too."""
    found = [synchronous(seed, workers, rate) for seed in SEEDS]
    assert float(np.mean(found)) >= expected - deviation - float(np.std(found)) / len(SEEDS) ** 0.5


def test_four_workers_that_do_not_wait_are_as_accurate_as_before() -> None:
    accuracies, staleness = zip(*(asynchronous(seed, 4, 0.1) for seed in SEEDS), strict=True)
    assert np.mean(accuracies) >= 0.955 - 0.006
    assert np.mean(staleness) == pytest.approx(3, abs=0.1)


def test_a_rate_too_high_for_sixteen_workers_is_rescued_by_their_staleness() -> None:
    lost, staleness = zip(*(asynchronous(seed, 16, 0.4) for seed in SEEDS), strict=True)
    rescued, _ = zip(*(asynchronous(seed, 16, 0.4, "sqrt") for seed in SEEDS), strict=True)
    assert np.mean(staleness) == pytest.approx(15, abs=0.5)
    assert np.mean(lost) < 0.85
    assert np.mean(rescued) >= 0.950 - 0.006
