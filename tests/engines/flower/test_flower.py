"""Federated training across sites by Flower: the same specification, the same numbers, and nothing left running."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from commonground.samples import Skipped, prepare
from tests.engines.conftest import HOME
from tests.training.federated.programs import REGRESSION
from tests.training.kinds.school import School, school

pytestmark = pytest.mark.anyio
DIGITS = (Path(__file__).parent / "digits_program.py").read_text()
SITES: dict[str, Any] = {"kind": "federated", "seed": 1, "resources": {"workers": 2, "servers": 1, "cpus": 0.1}}
ALONE: dict[str, Any] = {"kind": "federated", "seed": 1, "resources": {"workers": 1, "cpus": 0.1}}


@pytest.fixture
async def classes(tmp_path: Path, anyio_backend: str) -> AsyncIterator[School]:
    async with school(tmp_path, run_engines=("local", "flower"), flower_environment=HOME / "venv") as made:
        yield made
    assert [found.cmdline() for found in psutil.process_iter() if str(tmp_path) in "".join(_environment(found))] == []


def _environment(process: psutil.Process) -> list[str]:
    try:
        return list(process.environ().values())
    except psutil.Error:
        return []


async def test_sites_of_flower_train_the_bits_that_one_process_trains(classes: School) -> None:
    options = {"clients": 3, "rounds": 2, "epochs": 2, "batch": 4, "learning_rate": 0.05}
    run = await classes.submit(REGRESSION, options=options, engine="flower", **SITES)
    trained = await classes.graduated(run, 200)
    assert np.array_equal(trained["w"], (await classes.train(REGRESSION, options=options, **ALONE))["w"])
    assert set((await classes.metric(run, "clients")).values()) == {3}
    assert list(await classes.metric(run, "error")) == [1, 2]


async def test_two_sites_learn_the_digits(classes: School) -> None:
    [sample] = prepare(["digits"])
    if isinstance(sample, Skipped):
        pytest.skip(f"no digits: {sample.reason}")
    table = next(file.source for file in sample.files if file.path == "digits.csv")
    assert isinstance(table, Path)
    await classes.home.repository("digits", "dataset", digits__csv=table.read_text())
    await classes.home.repository("perceptron", program__py=DIGITS)
    inputs = {"code": "hub://alice/perceptron", "data": "hub://datasets/alice/digits"}
    options = {"clients": 2, "rounds": 5, "epochs": 2, "batch": 10, "learning_rate": 0.05, "evaluate_every": 5}
    run = await classes.submit(DIGITS, options=options, engine="flower", **{**SITES, "inputs": inputs})
    await classes.graduated(run, 280)
    [accuracy] = (await classes.metric(run, "accuracy")).values()
    assert accuracy == pytest.approx(0.942, abs=0.015)


async def test_an_app_that_fails_fails_the_run(classes: School) -> None:
    broken = REGRESSION.replace("def build(context", "def build_nothing(context")
    run = await classes.submit(broken, options={"clients": 2}, engine="flower", **SITES)
    ended = await classes.home.until(run.id, lambda found: found.state == "failed", 120)
    assert ended.error is not None
    await asyncio.sleep(0.5)
    assert "Flower: its run ended before the last round" in await classes.home.log(run.id)
