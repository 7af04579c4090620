"""Data-parallel steps: computation and all-reduce that overlap in part (Qiao et al., Pollux, OSDI 2021).

Pollux lets latency grow linearly with the nodes, which predicts 6-16 nodes from 1-2 with 148 % error; here it is
constant plus logarithmic (a tree over the ranks), so that an extrapolation stays bounded.
"""

import msgspec
import numpy as np

from commonground.compute.planner.fit import Array, nonnegative

GAMMAS = (1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0)
STEPS = 60
FLOOR = 0.02


class Steps(msgspec.Struct, frozen=True):
    """Measured or wanted steps: arrays of one length."""

    nodes: Array
    replicas: Array
    batch: Array
    """Samples a replica."""

    def computation(self) -> Array:
        """Columns c0, m of T_c = c0 + m c1."""
        return np.stack([np.ones_like(self.batch), self.batch], axis=1)

    def network(self) -> Array:
        """Columns of T_n: latency and bandwidth within a node, then between nodes."""
        several = self.nodes > 1
        inside = (self.nodes == 1) & (self.replicas > 1)
        columns = [
            inside * 1.0,
            several * 1.0,
            inside * 2 * (self.replicas - 1) / self.replicas,
            several * 2 * (self.nodes - 1) / self.nodes,
            several * np.log2(np.maximum(self.replicas, 1)),
        ]
        return np.stack(columns, axis=1)


class OverlapLaw(msgspec.Struct, frozen=True):
    """``T = (T_c^g + T_n^g)^(1/g)`` in seconds, with T_c and T_n linear in non-negative coefficients."""

    gamma: float
    computation: Array
    network: Array

    def predict(self, steps: Steps) -> Array:
        """Seconds of each step."""
        work, net = steps.computation() @ self.computation, steps.network() @ self.network
        return _combine(work, net, self.gamma)

    @classmethod
    def fit(cls, steps: Steps, measured: Array) -> "OverlapLaw":
        """The law that misses ``measured`` seconds (> 0) least: sum of absolute logarithms of the ratio."""
        laws = [_fit(steps, measured, gamma) for gamma in GAMMAS]
        return min(laws, key=lambda law: _cost(law.predict(steps), measured))


def _fit(steps: Steps, measured: Array, gamma: float) -> OverlapLaw:
    """Damped Gauss-Newton in the logarithm; every step is a non-negative least-squares problem."""
    work, net = steps.computation(), steps.network()
    split = work.shape[1]
    start = _start(np.hstack([work, net]), measured)
    law = OverlapLaw(gamma, start[:split], start[split:])
    damping = 1e-3
    for _ in range(STEPS):
        found = _improved(law, work, net, measured, damping)
        new = OverlapLaw(gamma, found[:split], found[split:])
        before, after = _cost(law.predict(steps), measured), _cost(new.predict(steps), measured)
        if after < before:
            law, damping = new, damping / 3
            if before - after < 1e-6 * before:
                break
        elif damping > 1e3:
            break
        else:
            damping *= 4
    return law


def _start(matrix: Array, measured: Array) -> Array:
    """Coefficients without overlap."""
    scale = np.abs(matrix).max(axis=0)
    scale[scale == 0] = 1
    return np.asarray(nonnegative(matrix / scale / measured[:, None], np.ones(len(measured))) / scale)


def _improved(law: OverlapLaw, work: Array, net: Array, measured: Array, damping: float) -> Array:
    a, b = work @ law.computation, net @ law.network
    time = _combine(a, b, law.gamma)
    slope = law.gamma - 1
    jacobian = np.hstack([work * ((a / time) ** slope)[:, None], net * ((b / time) ** slope)[:, None]]) / time[:, None]
    missing = np.log(measured / time)
    weights = 1 / np.sqrt(np.maximum(np.abs(missing), FLOOR))
    scale = np.sqrt((jacobian**2).mean(axis=0))
    scale[scale == 0] = 1
    now = np.concatenate([law.computation, law.network])
    stiff = np.sqrt(damping * len(measured))
    matrix = np.vstack([jacobian * weights[:, None] / scale, stiff * np.eye(len(now))])
    target = np.concatenate([(missing + jacobian @ now) * weights, stiff * now * scale])
    return np.asarray(nonnegative(matrix, target) / scale)


def _combine(work: Array, net: Array, gamma: float) -> Array:
    largest = np.maximum(np.maximum(work, net), np.finfo(np.float64).tiny)
    return np.asarray(largest * ((work / largest) ** gamma + (net / largest) ** gamma) ** (1 / gamma))


def _cost(predicted: Array, measured: Array) -> float:
    return float(np.abs(np.log(predicted / measured)).sum())
