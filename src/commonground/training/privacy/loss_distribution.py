"""Privacy loss distributions (Koskela, Jaelkoe and Honkela, 2020; Doroshenko et al., "Connect the Dots", PETS 2022), as
Google's ``dp-accounting`` computes them: tighter than Renyi accounting. In the extra ``privacy``.
"""

from collections.abc import Iterable
from importlib.util import find_spec

from commonground.errors import PackageMissing
from commonground.training.privacy.model import SampledGaussian

PACKAGE = "dp_accounting"


def available() -> bool:
    """Whether the extra is installed."""
    return find_spec(PACKAGE) is not None


def epsilon_of(mechanisms: Iterable[SampledGaussian], delta: float) -> float:
    """The epsilon of several mechanisms on the same rows at ``delta``; takes up to a second for each.
    :class:`PackageMissing`.
    """
    if not available():
        raise PackageMissing(package="dp-accounting", extra="privacy")
    from dp_accounting import GaussianDpEvent, PoissonSampledDpEvent
    from dp_accounting.pld import PLDAccountant

    accountant = PLDAccountant()
    for mechanism in mechanisms:
        step = PoissonSampledDpEvent(mechanism.sampling_rate, GaussianDpEvent(mechanism.noise_multiplier))
        accountant.compose(step, mechanism.steps)
    return float(accountant.get_epsilon(delta))
