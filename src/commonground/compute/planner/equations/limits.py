"""What no schedule can beat, and curves to hold measured ones against."""

from commonground.compute.planner.equation import equation


@equation("T >= max(Tinf, W / P)", unit="s", source="Graham 1966; Brent 1974")
def brent_lower(*, span: float, work: float, processors: float) -> float:
    """No schedule of ``work`` processor seconds, of which ``span`` depend on each other, is faster."""
    return max(span, work / processors)


SHARPNESS = 4
"""How near processes that wait for each other come to Brent's bound; fitted to own runs of one and two workers."""


@equation("T = (Tinf^4 + (W / P)^4)^(1/4)", unit="s", source="between Brent's two bounds; exponent fitted to own runs")
def shared(*, span: float, work: float, processors: float) -> float:
    """A step on processors that the processes share: whoever waits for its turn keeps the others waiting."""
    return float((span**SHARPNESS + (work / processors) ** SHARPNESS) ** (1 / SHARPNESS))


@equation("T <= W / P + Tinf", unit="s", source="Graham 1966; Brent 1974")
def brent_upper(*, span: float, work: float, processors: float) -> float:
    """Any greedy schedule is at least this fast."""
    return work / processors + span


@equation("S = 1 / (s + (1 - s) / N)", unit="", source="Amdahl 1967")
def amdahl(*, serial: float, workers: float) -> float:
    """Speed-up of a job of fixed size with a serial share."""
    return 1 / (serial + (1 - serial) / workers)


@equation("S = N - s (N - 1)", unit="", source="Gustafson 1988")
def gustafson(*, serial: float, workers: float) -> float:
    """Speed-up of a job that grows with the workers."""
    return workers - serial * (workers - 1)


@equation("X = l N / (1 + s (N - 1) + k N (N - 1))", unit="steps/s", source="Gunther, universal scalability law")
def universal(*, single: float, workers: float, contention: float, coherency: float) -> float:
    """Throughput of N workers; contention bends the line, coherency turns it down."""
    return single * workers / (1 + contention * (workers - 1) + coherency * workers * (workers - 1))
