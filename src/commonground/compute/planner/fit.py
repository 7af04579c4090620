"""Coefficients from measured times: non-negative, and small in the relative error that people care about."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

ROUNDS = 30
FLOOR = 0.01
"""Relative errors below this weigh the same: rounding is not to decide."""


def nonnegative(matrix: Array, target: Array, tolerance: float = 1e-12) -> Array:
    """The x >= 0 that minimises ``|matrix x - target|`` (Lawson and Hanson 1974, chapter 23).

    ``matrix`` is (rows, columns), ``target`` (rows,); columns are expected to be of one scale.
    """
    columns = matrix.shape[1]
    x, free = np.zeros(columns), np.zeros(columns, dtype=bool)
    gradient = matrix.T @ target
    for _ in range(3 * columns + 10):
        if free.all() or gradient[~free].max() <= tolerance:
            break
        bound = np.flatnonzero(~free)
        free[bound[np.argmax(gradient[bound])]] = True
        x = _feasible(matrix, target, x, free)
        gradient = matrix.T @ (target - matrix @ x)
    return x


def _feasible(matrix: Array, target: Array, x: Array, free: NDArray[np.bool_]) -> Array:
    """Step from ``x`` to the least squares of the free columns, freeing fewer until all are positive."""
    while free.any():
        goal = np.zeros_like(x)
        goal[free] = np.linalg.lstsq(matrix[:, free], target, rcond=None)[0]
        blocking = free & (goal <= 0)
        if not blocking.any():
            return goal
        step = (x[blocking] / (x[blocking] - goal[blocking])).min()
        x = x + step * (goal - x)
        free &= x > tiny(x)
        x[~free] = 0
    return x


def tiny(x: Array) -> float:
    """What counts as zero beside the largest of ``x``."""
    return float(1e-12 * np.abs(x).max(initial=0.0))


def relative(matrix: Array, measured: Array) -> Array:
    """The x >= 0 for which ``matrix x`` misses ``measured`` (> 0) by the smallest mean relative error.

    Absolute errors are minimised by least squares that are reweighted by the inverse of the last error.
    """
    shares = matrix / measured[:, None]
    scale = np.abs(shares).max(axis=0)
    scale[scale == 0] = 1
    shares = shares / scale
    weights = np.ones(len(measured))
    x = np.zeros(matrix.shape[1])
    for _ in range(ROUNDS):
        x = nonnegative(shares * weights[:, None], weights)
        weights = 1 / np.sqrt(np.maximum(np.abs(shares @ x - 1), FLOOR))
    return np.asarray(x / scale)


def mape(predicted: Array, measured: Array) -> float:
    """Mean absolute relative error, in percent."""
    return float(np.abs(predicted / measured - 1).mean() * 100)


def cross_validated(matrix: Array, measured: Array, folds: int = 5, seed: int = 0) -> Array:
    """Predictions (rows,) of each row by coefficients from the other folds; rows are shuffled by ``seed``."""
    order = np.random.default_rng(seed).permutation(len(measured))
    predicted = np.zeros(len(measured))
    for fold in range(folds):
        held = order[fold::folds]
        rest = np.setdiff1d(order, held)
        predicted[held] = matrix[held] @ relative(matrix[rest], measured[rest])
    return predicted
