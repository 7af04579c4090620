"""What is accounted for. A mechanism is repeated steps of the Gaussian mechanism over a Poisson sample of the rows."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Accountant = Literal["pld", "rdp"]
MOST_STEPS = 10**9


@dataclass(frozen=True, order=True, slots=True)
class SampledGaussian:
    """``steps`` times: each row takes part with probability ``sampling_rate``, by itself; of the sum of contributions of
    length at most C, N(0, (``noise_multiplier`` * C) squared) is added. :class:`ValueError` for what cannot be.
    """

    noise_multiplier: float
    sampling_rate: float
    steps: int

    def __post_init__(self) -> None:
        if not (math.isfinite(self.noise_multiplier) and self.noise_multiplier >= 0.0):
            raise ValueError("the noise multiplier is a number that is not negative")
        if not 0.0 < self.sampling_rate <= 1.0:
            raise ValueError("the sampling rate is above 0 and at most 1")
        if not 1 <= self.steps <= MOST_STEPS:
            raise ValueError(f"the steps are 1 to {MOST_STEPS}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Guarantee:
    """(``epsilon``, ``delta``) for adding or removing one row, and how it was computed: ``renyi`` is the figure of Renyi
    accounting, which is an upper bound too. All of it holds for Poisson sampling only.
    """

    epsilon: float
    delta: float
    accountant: Accountant
    renyi: float


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What all runs on a data set may spend together: at most ``epsilon`` at ``delta``."""

    epsilon: Annotated[float, Meta(gt=0, le=1e6)]
    delta: Annotated[float, Meta(gt=0, lt=1)] = 1e-5


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What one run takes from a data set: ``reserved`` until the run has ended, then ``spent``. UTC milliseconds."""

    run_id: int
    noise: float
    sampling_rate: float
    steps: int
    state: Literal["reserved", "spent"]
    created_at: int


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A repository as the ledger knows it. ``version`` grows with every change to its ledger."""

    id: int
    kind: str
    name: str
    budget: Budget | None
    version: int
    charges: tuple[SampledGaussian, ...]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A repository and the newest entries of its ledger; no ``subject``: the repository is gone."""

    subject: Subject | None
    entries: list[Entry]


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """What a data set has given away: ``spent`` includes what queued and running runs have reserved."""

    budget: Budget | None
    spent: Guarantee
    entries: list[Entry]
