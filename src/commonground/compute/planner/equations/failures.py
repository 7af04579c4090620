"""What failures cost a run, and how often to write a checkpoint."""

import math

from commonground.compute.planner.equation import equation


@equation("MTBF = MTBF_1 / N", unit="s", source="independent exponential failures")
def mean_time_between_failures(*, single: float, processes: float) -> float:
    """Of the run as a whole: it stops when any of its processes does."""
    return single / processes


@equation("tau = sqrt(2 Tckpt MTBF)", unit="s", source="Young, CACM 1974")
def young_interval(*, checkpoint: float, mtbf: float) -> float:
    """Work between two checkpoints that wastes least, to first order."""
    return math.sqrt(2 * checkpoint * mtbf)


@equation(
    "tau = sqrt(2 Tckpt MTBF) (1 + sqrt(Tckpt / (2 MTBF)) / 3 + Tckpt / (18 MTBF)) - Tckpt, or MTBF",
    unit="s",
    source="Daly, FGCS 2006, eq. 37",
)
def daly_interval(*, checkpoint: float, mtbf: float) -> float:
    """The same to a higher order; where a checkpoint takes more than twice the MTBF, the MTBF itself."""
    if checkpoint >= 2 * mtbf:
        return mtbf
    ratio = checkpoint / (2 * mtbf)
    return math.sqrt(2 * checkpoint * mtbf) * (1 + math.sqrt(ratio) / 3 + ratio / 9) - checkpoint


@equation("W = Tckpt / tau + tau / (2 MTBF) + Trestart / MTBF", unit="", source="Young 1974; Daly 2006")
def waste(*, checkpoint: float, interval: float, restart: float, mtbf: float) -> float:
    """Share of the time that is not progress: writing, repeating what was lost, starting again."""
    return checkpoint / interval + interval / (2 * mtbf) + restart / mtbf
