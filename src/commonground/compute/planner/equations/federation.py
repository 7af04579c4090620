"""Rounds of federated training."""

from commonground.compute.planner.equation import equation


@equation("Tk = k E Tc n/m", unit="s", source="McMahan et al., AISTATS 2017, local epochs")
def local_training(*, passes: float, steps: float, computation: float, clipping: float) -> float:
    """Local training of one client; ``clipping`` is what per-sample clipping multiplies the work by (1 without)."""
    return clipping * passes * steps * computation


@equation("T = max Tk + M/Bdown + M/Bup + K M / Bm + c", unit="s", source="one round, aggregation at the server")
def federated_round(
    *, training: float, model: float, down: float, up: float, clients: float, memory: float, fixed: float
) -> float:
    """One round of K sampled clients; ``training`` is that of the slowest, ``fixed`` what starting a round costs."""
    return training + model / down + model / up + clients * model / memory + fixed
