"""The types of the privacy ledger in /api/cg/v1."""

from typing import Annotated

import msgspec
from msgspec import Meta

from commonground.training.privacy.model import Accountant, Budget, Entry

__all__ = ["Budget", "Entry", "Ledger", "SetBudget"]


class SetBudget(msgspec.Struct, frozen=True, kw_only=True):
    """How much all runs on a data set may spend together; without ``epsilon`` it is no longer limited."""

    epsilon: Annotated[float, Meta(gt=0, le=1e6, description="The most.")] | None = None
    delta: Annotated[float, Meta(gt=0, lt=1, description="At which epsilon is computed.")] = 1e-5


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """What runs have spent of a data set, or reserved: at most ``epsilon`` at ``delta``, for adding or removing one row, as
    long as rows were sampled by Poisson sampling. No ``epsilon``: a run on it had no noise. ``renyi``: the same by Renyi
    accounting, which checks the figure. ``entries`` are the newest.
    """

    budget: Budget | None
    epsilon: float | None
    delta: float
    accountant: Accountant
    renyi: float | None
    entries: list[Entry]
