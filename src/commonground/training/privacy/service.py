"""The privacy ledger: what runs take from data sets, and who may take no more. Implements ``compute.runs.RunGuard``.

The unit is the repository, not the commit: the rows of a person are in many commits of it.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import Connection

from commonground.compute.runs.guard import Reserve
from commonground.compute.runs.model import Link, Spec
from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.errors import InvalidSpec, PrivacyBudgetExceeded, PrivacyUnknown
from commonground.hub.repositories.model import Repository
from commonground.training.privacy import queries
from commonground.training.privacy.accounting import guarantee
from commonground.training.privacy.model import Accountant, Budget, Guarantee, Ledger, SampledGaussian, Subject
from commonground.training.privacy.plan import PrivacyPlan, plan_of

DELTA = 1e-5
"""At which the spending of a data set without a budget is shown."""
SHOWN = 100
"""Entries of a ledger that are shown, the newest."""
KEPT = 256


class PrivacyLedger:
    """The ledgers of all data sets. Who may look and who may set a budget was asked before: ``Repositories.open``."""

    def __init__(self, database: Database, clock: Callable[[], int] = now_ms) -> None:
        self._database, self._clock = database, clock
        self._known = dict[tuple[tuple[SampledGaussian, ...], float], Guarantee]()

    async def show(self, repository: Repository) -> Ledger:
        """The budget of a repository, what was spent of it, and by which runs."""
        page = await self._database.read(queries.page, repository.id, SHOWN)
        budget = page.subject.budget if page.subject else None
        charges = page.subject.charges if page.subject else ()
        spent = await self._guarantee(charges, budget.delta if budget else DELTA)
        return Ledger(budget=budget, spent=spent, entries=page.entries)

    async def set_budget(self, repository: Repository, budget: Budget | None) -> Ledger:
        """Let runs spend no more than ``budget``, or lift it. Less than was spent already: no run is admitted."""
        await self._database.write(queries.set_budget, repository.id, budget)
        return await self.show(repository)

    async def admit(self, spec: Spec, inputs: Sequence[Link], run_id: int | None = None) -> tuple[Spec, Reserve]:
        """The specification with its noise solved, and the reservation that belongs into the transaction that queues the
        run. Raises :class:`PrivacyBudgetExceeded`, :class:`PrivacyUnknown` and :class:`InvalidSpec`.
        """
        ids = sorted({link.repository_id for link in inputs})
        subjects = await self._database.read(queries.subjects, ids, run_id or queries.NO_RUN)
        plan = _plan(spec, [subject for subject in subjects if subject.budget])
        if plan is None:
            return spec, _nothing
        mechanism = await asyncio.to_thread(plan.mechanism)
        for subject in subjects:
            if subject.budget:
                total = await self._total([*subject.charges, mechanism], subject.budget)
                _check(subject.name, subject.budget, total)
        charged = [subject for subject in subjects if subject.budget or subject.kind == "dataset"]
        return _pinned(spec, mechanism), self._reserve(charged, mechanism)

    def _reserve(self, subjects: Sequence[Subject], mechanism: SampledGaussian) -> Reserve:
        def reserve(connection: Connection, run_id: int) -> None:
            for subject in subjects:  # in the order of their ids: two reservations never wait for each other
                budget, version = queries.lock(connection, subject.id)
                if budget and version != subject.version:
                    _recheck(connection, subject, run_id, mechanism, budget)
            queries.charge(connection, [subject.id for subject in subjects], run_id, mechanism, self._clock())

        return reserve

    async def _total(self, mechanisms: Sequence[SampledGaussian], budget: Budget) -> Guarantee:
        """What they cost together; the quick bound where it is within the budget, else the tight one."""
        quick = guarantee(mechanisms, budget.delta, "rdp")
        return quick if quick.epsilon <= budget.epsilon else await self._guarantee(mechanisms, budget.delta)

    async def _guarantee(self, mechanisms: Sequence[SampledGaussian], delta: float) -> Guarantee:
        key = (tuple(sorted(mechanisms)), delta)
        if key not in self._known:
            found = await asyncio.to_thread(guarantee, mechanisms, delta)
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[key] = found
        return self._known[key]


def _plan(spec: Spec, budgeted: Sequence[Subject]) -> PrivacyPlan | None:
    """The plan of a run; where a budget asks for one, :class:`PrivacyUnknown` says what is missing."""
    try:
        plan = plan_of(msgspec.to_builtins(spec))
        reason = "this run has no section privacy"
    except InvalidSpec as error:
        plan, reason = None, str(error)
    if plan is None and budgeted:
        raise PrivacyUnknown(dataset=budgeted[0].name, reason=reason.rstrip("."))
    return plan


def _pinned(spec: Spec, mechanism: SampledGaussian) -> Spec:
    """The noise in place of the target it was solved for: what runs is what was accounted for."""
    privacy = {name: value for name, value in spec.privacy.items() if name != "epsilon"}
    return msgspec.structs.replace(spec, privacy={**privacy, "noise": mechanism.noise_multiplier})


def _recheck(connection: Connection, subject: Subject, run_id: int, mechanism: SampledGaussian, budget: Budget) -> None:
    """The ledger changed since it was read: decide anew, by the accountant that is quick enough for a transaction."""
    accountant: Accountant = "rdp"
    charges = queries.charges(connection, subject.id, run_id)
    _check(subject.name, budget, guarantee([*charges, mechanism], budget.delta, accountant))


def _check(name: str, budget: Budget, total: Guarantee) -> None:
    if not total.epsilon <= budget.epsilon:
        raise PrivacyBudgetExceeded(
            dataset=name, epsilon=f"{total.epsilon:.4g}", budget=f"{budget.epsilon:.4g}", delta=f"{budget.delta:.3g}"
        )


def _nothing(connection: Connection, run_id: int) -> None:
    """A run that is not private reserves nothing."""
