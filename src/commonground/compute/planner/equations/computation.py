"""Time a processor works: seconds of computation in one step."""

import math

from commonground.compute.planner.equation import equation


@equation("R = R_max x / (x + x0)", unit="operations/s", source="Williams et al., Roofline, CACM 2009; saturation")
def effective_rate(*, peak: float, half: float, work: float) -> float:
    """Operations a second at ``work`` operations a call; at ``half`` operations it is half of ``peak``."""
    return peak * work / (work + half)


@equation("Tc = m F / R", unit="s", source="Foster, Designing and Building Parallel Programs, 3.3")
def counted_computation(*, batch: float, flops: float, rate: float) -> float:
    """Computation of a batch of samples of ``flops`` operations each."""
    return batch * flops / rate


@equation("Tc = c0 + m c1", unit="s", source="Foster 3.3; two measured batch sizes give c0 and c1")
def measured_computation(*, fixed: float, per_sample: float, batch: float) -> float:
    """Computation of a batch, from seconds a step and seconds a sample."""
    return fixed + per_sample * batch


@equation("Ts = mu (1 + d sqrt(2 ln N))", unit="s", source="largest of N normal values, Gumbel 1958")
def slowest(*, mean: float, deviation: float, workers: float) -> float:
    """Computation of the slowest of N workers; ``deviation`` is relative to the mean."""
    return mean * (1 + deviation * math.sqrt(2 * math.log(workers)))


@equation("T = (Tc^g + Tn^g)^(1/g)", unit="s", source="Qiao et al., Pollux, OSDI 2021, eq. 12")
def overlapped(*, computation: float, network: float, gamma: float) -> float:
    """A step whose communication hides behind computation: not at all with gamma = 1, wholly with infinity."""
    largest = max(computation, network)
    if largest == 0:
        return 0.0
    return float(largest * ((computation / largest) ** gamma + (network / largest) ** gamma) ** (1 / gamma))


@equation("E = X_N / (N X_1)", unit="", source="Foster 3.3.2")
def efficiency(*, rate: float, workers: float, single: float) -> float:
    """Share of N times the samples a second of one worker that N workers reach."""
    return rate / (workers * single)


@equation("U = Tbusy / T", unit="", source="Foster 3.3")
def utilisation(*, busy: float, step: float) -> float:
    """Share of a step that a resource works."""
    return min(1.0, busy / step) if step else 0.0
