"""Workers that do not wait for each other: how often the weights change, and how old a gradient is."""

import math

from commonground.compute.planner.equation import equation


@equation("X = min(N / (Tc + alpha + 2 M / Bw), S Bs / M, S Bm / (3 M))", unit="updates/s", source="operational laws")
def update_rate(
    *,
    workers: float,
    computation: float,
    latency: float,
    model: float,
    worker: float,
    servers: float,
    server: float,
    memory: float,
) -> float:
    """Updates a second: as many as the workers, the links of the servers and their memory let through."""
    alone = workers / (computation + latency + 2 * model / worker)
    return min(alone, servers * server / model, servers * memory / (3 * model))


@equation("tau = N - 1", unit="updates", source="every worker has one push in flight; measured 3.0, 14.8, 58")
def staleness(*, workers: float) -> float:
    """Mean number of updates between the reading of weights and the arrival of their gradient."""
    return workers - 1


@equation("lr_tau = lr / tau^k", unit="", source="Zhang et al., Staleness-aware async-SGD, IJCAI 2016")
def scaled_rate(*, rate: float, delay: float, power: float) -> float:
    """The learning rate a stale gradient is applied with: k = 0 as it is, 1/2 by the root, 1 by the staleness."""
    return float(rate / max(1.0, delay) ** power)


@equation(
    "lr_max = lr_1 / sqrt(1 + tau)", unit="", source="measured with random delays, N = 1, 4, 16, 64: see planner.md"
)
def stable_rate(*, single: float, delay: float) -> float:
    """The largest learning rate at which training with random delays of mean ``delay`` was seen to converge.

    ``single`` is the largest of one worker.
    """
    return single / math.sqrt(1 + delay)


@equation("lr_sure = lr_1 sin(pi / (4 tau + 2))", unit="", source="delay difference equation, Levin and May 1976")
def surely_stable_rate(*, single: float, delay: float) -> float:
    """The largest learning rate that converges on a quadratic when every gradient is ``delay`` updates old.

    ``w' = w - lr c w(t - tau)`` is stable below ``2/c sin(pi / (4 tau + 2))``; random delays are milder.
    """
    return single * math.sin(math.pi / (4 * delay + 2))
