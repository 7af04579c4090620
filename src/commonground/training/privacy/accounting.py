"""What mechanisms cost together, and how much noise a target needs."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from commonground.training.privacy import loss_distribution, renyi
from commonground.training.privacy.model import Accountant, Guarantee, SampledGaussian

PLD_LIMIT = 50.0
"""Above this epsilon the tighter figure says no more, and its distribution grows without bound."""
PLD_MECHANISMS = 64
"""Above this number of different mechanisms Renyi accounting alone decides."""
SLACK = 1e-2
"""By how much two upper bounds of the same quantity may disagree before one of them is taken to be wrong."""
MOST_NOISE = 2.0**20
PRECISION = 1e-3


def best_accountant() -> Accountant:
    """``"pld"`` where the extra ``privacy`` is installed."""
    return "pld" if loss_distribution.available() else "rdp"


def guarantee(mechanisms: Iterable[SampledGaussian], delta: float, accountant: Accountant | None = None) -> Guarantee:
    """What all ``mechanisms`` on the same rows promise together at ``delta``; (0, delta) for none. With ``"pld"`` (the
    default where it is installed) Renyi accounting checks the figure: :class:`ArithmeticError` if it is not below.
    """
    _check_delta(delta)
    distinct = _merged(mechanisms)
    if not distinct:
        return Guarantee(epsilon=0.0, delta=delta, accountant=accountant or best_accountant(), renyi=0.0)
    bound = renyi.epsilon_of(renyi.composed(distinct), delta)
    if (accountant or best_accountant()) == "rdp" or bound > PLD_LIMIT or len(distinct) > PLD_MECHANISMS:
        return Guarantee(epsilon=bound, delta=delta, accountant="rdp", renyi=bound)
    tight = loss_distribution.epsilon_of(distinct, delta)
    if tight > bound * (1.0 + SLACK) + SLACK:
        raise ArithmeticError(f"epsilon is {tight} by loss distributions and {bound} by Renyi accounting")
    return Guarantee(epsilon=min(tight, bound), delta=delta, accountant="pld", renyi=bound)


def noise_for(
    epsilon: float, delta: float, sampling_rate: float, steps: int, accountant: Accountant | None = None
) -> float:
    """The least noise multiplier, to a thousandth, whose guarantee is (``epsilon``, ``delta``) or better.
    :class:`ValueError` for a target no noise reaches.
    """
    if not epsilon > 0.0:
        raise ValueError("epsilon is above 0")

    def reaches(kind: Accountant) -> Callable[[float], bool]:
        return lambda noise: guarantee([SampledGaussian(noise, sampling_rate, steps)], delta, kind).epsilon <= epsilon

    noise = _bisect(reaches("rdp"), 0.0, _above(reaches("rdp")))
    if (accountant or best_accountant()) == "rdp":
        return noise
    return _bisect(reaches("pld"), noise / 2.0, noise)


def _above(enough: Callable[[float], bool]) -> float:
    noise = 1.0
    while not enough(noise):
        noise *= 2.0
        if noise > MOST_NOISE:
            raise ValueError("no noise reaches this epsilon and delta")
    return noise


def _bisect(enough: Callable[[float], bool], low: float, high: float) -> float:
    """The least noise that is enough; ``high`` is. What is returned always is."""
    while high - low > PRECISION * high:
        middle = (low + high) / 2.0
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _merged(mechanisms: Iterable[SampledGaussian]) -> list[SampledGaussian]:
    """Mechanisms that differ in nothing but their steps become one."""
    steps: Counter[SampledGaussian] = Counter()
    for mechanism in mechanisms:
        steps[replace(mechanism, steps=1)] += mechanism.steps
    return [replace(one, steps=count) for one, count in sorted(steps.items())]


def _check_delta(delta: float) -> None:
    if not 0.0 < delta < 1.0:
        raise ValueError("delta lies between 0 and 1")
