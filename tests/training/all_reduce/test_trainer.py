"""Training by all-reduce: what many workers do together is what one does, and an interruption leaves no trace."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.errors import InvalidSnapshot, InvalidSpec
from commonground.training.all_reduce.options import DiLoCo, Plan
from commonground.training.parameter_server.optimizer import SGD, Adagrad, Adam, Momentum, Optimizer
from commonground.training.sampler import Sampler
from tests.training.all_reduce.workers import SIZE, Killed, plan, program, trained

OPTIMIZERS = [SGD(0.05), Momentum(0.05), Adagrad(0.1), Adam(0.01)]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: type(optimizer).__name__)
@pytest.mark.parametrize("workers", [2, 3, 4])
def test_workers_become_what_one_becomes_that_sees_all_their_rows(workers: int, optimizer: Optimizer) -> None:
    many = trained(plan(optimizer, epochs=3, batch=12 // workers), workers)
    one = trained(plan(optimizer, epochs=3, batch=12), 1)
    np.testing.assert_allclose(many, one, rtol=0, atol=1e-6)
    assert not np.allclose(many, np.arange(SIZE), atol=0.01)


def test_one_worker_follows_the_closed_form_of_a_synchronous_parameter_server_with_mean() -> None:
    reference, data = np.arange(SIZE, dtype=np.float64), program().data
    sampler = Sampler(rows=len(data), batch=4, workers=2, seed=3)
    for step in range(2 * sampler.steps):
        batch = data.read(np.concatenate([sampler.part(step, rank) for rank in range(2)]))
        error = batch["x"] @ reference - batch["y"]
        reference -= 0.05 * 2 * batch["x"].T @ error / len(error)
    np.testing.assert_allclose(trained(plan(epochs=2, batch=4), 2), reference, atol=1e-6)


def test_one_inner_step_with_an_outer_step_all_the_way_is_averaging() -> None:
    inner = DiLoCo(inner_steps=1, outer_learning_rate=1.0, outer_momentum=0.0)
    rows = partial(program, rows=24)  # every step is a full one
    told = {"epochs": 4, "batch": 4}
    averaged = trained(plan(**told), 2, make=rows)
    np.testing.assert_allclose(trained(plan(**told, diloco=inner), 2, make=rows), averaged, atol=1e-6)
    np.testing.assert_allclose(trained(plan(**told, local_steps=1), 2, make=rows), averaged, atol=1e-6)


def test_diloco_follows_the_algorithm_of_the_paper() -> None:
    rate, momentum, inner = 0.7, 0.9, 2
    data, outer, velocity = program(rows=24).data, np.arange(SIZE, dtype=np.float64), np.zeros(SIZE)
    sampler = Sampler(rows=24, batch=4, workers=2, seed=3)
    for first in range(0, 6, inner):
        copies = []
        for rank in range(2):
            weights = outer.copy()
            for step in range(first, min(first + inner, 6)):
                batch = data.read(sampler.part(step, rank))
                weights -= 0.05 * 2 * batch["x"].T @ (batch["x"] @ weights - batch["y"]) / 4
            copies.append(weights)
        gradient = outer - np.mean(copies, axis=0)
        velocity = momentum * velocity + gradient
        outer = outer - rate * (gradient + momentum * velocity)
    diloco = DiLoCo(inner_steps=inner, outer_learning_rate=rate, outer_momentum=momentum)
    found = trained(plan(epochs=2, batch=4, diloco=diloco), 2, make=partial(program, rows=24))
    np.testing.assert_allclose(found, outer, atol=1e-5)


MODES: list[dict[str, Any]] = [
    {},
    {"decay": True},
    {"local_steps": 3},
    {"diloco": DiLoCo(inner_steps=4)},
]


@pytest.mark.parametrize("mode", MODES, ids=["each step", "decay", "local", "diloco"])
@settings(max_examples=8, deadline=None)
@given(kills=st.lists(st.integers(0, 12), max_size=3), workers=st.integers(1, 3))
def test_interruptions_leave_no_trace(
    mode: dict[str, Any], kills: list[int], workers: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    told = plan(Adam(0.01), epochs=4, batch=2, checkpoint_every=2, **mode)
    folder = tmp_path_factory.mktemp("checkpoint")
    for gradients in kills:
        die(told, workers, folder, gradients)
    assert trained(told, workers, folder).tobytes() == trained(told, workers).tobytes()


def die(told: Plan, workers: int, folder: Path, gradients: int) -> None:
    try:
        trained(told, workers, folder, partial(program, dies_after=gradients))
    except Killed:
        return


@pytest.mark.parametrize("mode", [{}, {"local_steps": 2}], ids=["each step", "local"])
def test_a_damaged_checkpoint_costs_the_steps_since_the_one_before(mode: dict[str, Any], tmp_path: Path) -> None:
    told = plan(Adam(0.01), epochs=4, batch=2, checkpoint_every=2, **mode)
    die(told, 2, tmp_path, 9)
    newest = max(tmp_path.glob("step-*.worker-0.safetensors"))
    content = bytearray(newest.read_bytes())
    content[-1] ^= 1
    newest.write_bytes(content)
    assert trained(told, 2, tmp_path).tobytes() == trained(told, 2).tobytes()


def test_a_worker_that_lost_all_its_checkpoints_takes_all_back_to_the_start(tmp_path: Path) -> None:
    told = plan(Momentum(0.05), epochs=4, batch=2, checkpoint_every=2, local_steps=2)
    die(told, 2, tmp_path, 9)
    for path in tmp_path.glob("*.worker-1.*"):
        path.unlink()
    assert trained(told, 2, tmp_path).tobytes() == trained(told, 2).tobytes()


def test_a_checkpoint_of_another_specification_is_not_continued(tmp_path: Path) -> None:
    told = plan(epochs=1, batch=2, checkpoint_every=2)
    trained(told, 2, tmp_path, made_by={"seed": 1})
    with pytest.raises(InvalidSnapshot, match="another specification"):
        trained(told, 2, tmp_path, made_by={"seed": 2})


def test_a_disk_without_room_costs_the_checkpoint_and_not_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "checkpoint"
    folder.write_text("a file where a folder is to be")
    told = plan(epochs=1, batch=2, checkpoint_every=2)
    assert trained(told, 1, folder).tobytes() == trained(told, 1).tobytes()
    assert "no checkpoint at step 2" in capsys.readouterr().err


def test_two_checkpoints_of_a_worker_are_kept(tmp_path: Path) -> None:
    trained(plan(epochs=4, batch=2, checkpoint_every=2), 2, tmp_path)
    assert [path.name[:17] for path in sorted(tmp_path.iterdir())] == ["step-000000000022", "step-000000000024"]


def test_a_program_without_rows_takes_as_many_steps_as_it_is_told() -> None:
    """The classic first example: loss = mean(w^2), w of shape [10]."""
    from commonground.training.adapters.numpy import NumpyProgram

    def make() -> NumpyProgram:
        return NumpyProgram({"w": np.ones(10)}, lambda arrays, batch: (1.0, {"w": 2 * arrays["w"] / 10}))

    found = trained(plan(SGD(0.1), steps=10), 2, make=make)
    np.testing.assert_allclose(found, np.full(10, 0.98**10), atol=1e-6)
    with pytest.raises(InvalidSpec, match=r"options\.steps"):
        trained(plan(SGD(0.1)), 2, make=make)
