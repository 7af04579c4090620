"""The update rules against their papers, written out in float64."""

from collections.abc import Callable

import numpy as np
import pytest

from commonground.training.parameter_server.configuration import Options
from commonground.training.parameter_server.optimizer import SGD, Adagrad, Adam, Momentum, Optimizer
from commonground.training.parameter_server.shard import BLOCK, Shard

Rule = Callable[[np.ndarray, list[np.ndarray]], np.ndarray]


def sgd(w: np.ndarray, gradients: list[np.ndarray]) -> np.ndarray:
    return np.asarray(w - 0.1 * sum(gradients))


def momentum(w: np.ndarray, gradients: list[np.ndarray]) -> np.ndarray:
    velocity = np.zeros_like(w)
    for g in gradients:
        velocity = 0.9 * velocity + g
        w = w - 0.1 * velocity
    return w


def adagrad(w: np.ndarray, gradients: list[np.ndarray]) -> np.ndarray:
    squares = np.zeros_like(w)
    for g in gradients:
        squares += g * g
        w = w - 0.05 * g / (np.sqrt(squares) + 1e-10)
    return w


def adam(w: np.ndarray, gradients: list[np.ndarray]) -> np.ndarray:
    mean, square = np.zeros_like(w), np.zeros_like(w)
    for t, g in enumerate(gradients, 1):
        mean = 0.9 * mean + 0.1 * g
        square = 0.999 * square + 0.001 * g * g
        w = w - 0.001 * (mean / (1 - 0.9**t)) / (np.sqrt(square / (1 - 0.999**t)) + 1e-8)
    return w


@pytest.mark.parametrize(
    ("optimizer", "rule"), [(SGD(), sgd), (Momentum(), momentum), (Adagrad(), adagrad), (Adam(), adam)]
)
def test_an_optimizer_is_its_equation(optimizer: Optimizer, rule: Rule) -> None:
    size = 2 * BLOCK + 5
    random = np.random.default_rng(1)
    start = random.normal(size=size)
    gradients = [random.normal(size=size) for _ in range(5)]
    shard = Shard(start.astype(np.float32), Options(optimizer=optimizer))
    for gradient in gradients:
        shard.apply(0, [(0, gradient.astype(np.float32))])
    np.testing.assert_allclose(shard.weights, rule(start, gradients), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize(("aggregate", "expected"), [("sum", -0.6), ("mean", -0.2)])
def test_gradients_are_added_or_averaged(aggregate: str, expected: float) -> None:
    shard = Shard(np.zeros(10, np.float32), Options(workers=3, aggregate=aggregate))  # type: ignore[arg-type]
    shard.apply(0, [(rank, np.full(10, rank + 1, np.float32)) for rank in range(3)])
    np.testing.assert_allclose(shard.weights, expected, rtol=1e-6)


def test_gradients_are_left_as_they_are() -> None:
    gradient = np.ones(10, np.float32)
    Shard(np.zeros(10, np.float32), Options()).apply(0, [(0, gradient)])
    assert np.all(gradient == 1)
