"""Whether stale gradients let asynchronous training converge."""

from commonground.compute.planner.equations import asynchrony
from commonground.compute.planner.ledger import Ledger
from commonground.compute.planner.model import Scale, Workload

POWERS: dict[Scale, float] = {"none": 0.0, "sqrt": 0.5, "inverse": 1.0}

TYPICAL = 1.2
"""The largest learning rate of plain SGD at which one worker was seen to converge (digits, 64-64-10 network, batch 32);
stands in where the spec does not name its own."""


def staleness_of(workload: Workload, ledger: Ledger) -> tuple[float, list[str]]:
    """Mean staleness in updates, and a warning where the learning rate is too large for it."""
    if workload.kind != "ps-async":
        return 0.0, []
    delay = ledger(asynchrony.staleness, workers=workload.workers)
    single = workload.stable_learning_rate or (TYPICAL if workload.optimizer == "sgd" else 0.0)
    if not (workload.learning_rate and single):
        return delay, []
    applied = ledger(asynchrony.scaled_rate, rate=workload.learning_rate, delay=delay, power=POWERS[workload.scale])
    ledger(asynchrony.surely_stable_rate, single=single, delay=delay)
    largest = ledger(asynchrony.stable_rate, single=single, delay=delay)
    if applied <= largest:
        return delay, []
    remedy = f"use at most {largest:.3g}, or ps.staleness.scale: {_enough(workload, delay, largest)}"
    warning = (
        f"diverges: gradients are {delay:g} updates old and are applied at {applied:.3g}, "
        f"above {largest:.3g} where that is stable; {remedy}"
    )
    return delay, [warning]


def _enough(workload: Workload, delay: float, largest: float) -> Scale:
    """The mildest scaling that brings the rate below ``largest``."""
    scaled = asynchrony.scaled_rate(rate=workload.learning_rate, delay=delay, power=POWERS["sqrt"])
    return "sqrt" if scaled <= largest else "inverse"
