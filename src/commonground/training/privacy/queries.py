"""SQL of the privacy ledger."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, or_, select, update

from commonground.database.conflict import insert_or_ignore, upsert
from commonground.database.schema.accounts import account
from commonground.database.schema.hub import repository
from commonground.database.schema.privacy import privacy_ledger as ledger
from commonground.database.schema.privacy import privacy_spend as spend
from commonground.database.schema.runs import run
from commonground.training.privacy.model import Budget, Entry, Page, SampledGaussian, Subject

NO_RUN = 0

_unstarted = and_(run.c.state == "cancelled", run.c.started_at.is_(None))
_counts = and_(~spend.c.released, or_(run.c.id.is_(None), ~_unstarted))
_state = case((run.c.state.in_(["queued", "running"]), "reserved"), else_="spent").label("state")
_SUBJECTS = (
    select(
        repository.c.id, repository.c.kind, (account.c.name + "/" + repository.c.name).label("name"),
        ledger.c.epsilon, ledger.c.delta, ledger.c.version,
    )
    .join(account, account.c.id == repository.c.owner_id)
    .outerjoin(ledger, ledger.c.repository_id == repository.c.id)
    .where(repository.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(repository.c.id)
)  # fmt: skip
_CHARGES = (
    select(spend.c.noise, spend.c.sampling_rate, spend.c.steps)
    .outerjoin(run, run.c.id == spend.c.run_id)
    .where(spend.c.repository_id == bindparam("repository"), spend.c.run_id != bindparam("but"), _counts)
)
_ENTRIES = (
    select(spend, _state)
    .outerjoin(run, run.c.id == spend.c.run_id)
    .where(spend.c.repository_id == bindparam("repository"), _counts)
    .order_by(spend.c.created_at.desc(), spend.c.run_id.desc())
    .limit(bindparam("most"))
)
_insert = insert_or_ignore(ledger)
_LOCK = (
    update(ledger)
    .where(ledger.c.repository_id == bindparam("repository"))
    .values(version=ledger.c.version + 1)
    .returning(ledger.c.epsilon, ledger.c.delta, ledger.c.version)
)
_RELEASE = (
    update(spend)
    .where(spend.c.repository_id == bindparam("repository"), spend.c.run_id.in_(select(run.c.id).where(_unstarted)))
    .values(released=True)
)
_charge = upsert(spend, ["repository_id", "run_id"], ["noise", "sampling_rate", "steps", "released"])
_BUDGET = (
    update(ledger)
    .where(ledger.c.repository_id == bindparam("repository"))
    .values(epsilon=bindparam("most_epsilon"), delta=bindparam("at_delta"))
)


def subjects(connection: Connection, ids: Sequence[int], but: int = NO_RUN) -> list[Subject]:
    """What is known of each repository, with what all runs took from it except for run ``but``."""
    return [
        Subject(
            id=row.id,
            kind=row.kind,
            name=row.name,
            budget=_budget_of(row),
            version=row.version or 0,
            charges=tuple(charges(connection, row.id, but)),
        )
        for row in connection.execute(_SUBJECTS, {"ids": list(ids)})
    ]


def charges(connection: Connection, repository_id: int, but: int = NO_RUN) -> list[SampledGaussian]:
    """What runs took, except for run ``but``; a run that was cancelled before it began took nothing."""
    return [SampledGaussian(*row) for row in connection.execute(_CHARGES, {"repository": repository_id, "but": but})]


def entries(connection: Connection, repository_id: int, limit: int) -> list[Entry]:
    """What each run took, newest first."""
    rows = connection.execute(_ENTRIES, {"repository": repository_id, "most": limit}).mappings()
    return [Entry(**{name: row[name] for name in Entry.__struct_fields__}) for row in rows]


def page(connection: Connection, repository_id: int, limit: int) -> Page:
    """The ledger of one repository, as of one moment."""
    found = subjects(connection, [repository_id])
    return Page(subject=found[0] if found else None, entries=entries(connection, repository_id, limit))


def lock(connection: Connection, repository_id: int) -> tuple[Budget | None, int]:
    """The budget of a repository and the version its ledger had before: nobody else changes it until the transaction
    ends. What was released stays so: its place may be taken from now on.
    """
    _insert(connection, {"repository_id": repository_id, "version": 0})
    row = connection.execute(_LOCK, {"repository": repository_id}).one()
    connection.execute(_RELEASE, {"repository": repository_id})
    return _budget_of(row), row.version - 1


def charge(
    connection: Connection, repository_ids: Iterable[int], run_id: int, mechanism: SampledGaussian, now: int
) -> None:
    """Note what a run takes from repositories, in place of what was noted of it before."""
    row = {
        "run_id": run_id, "noise": mechanism.noise_multiplier, "sampling_rate": mechanism.sampling_rate,
        "steps": mechanism.steps, "released": False, "created_at": now,
    }  # fmt: skip
    _charge(connection, [{**row, "repository_id": identity} for identity in repository_ids])


def set_budget(connection: Connection, repository_id: int, budget: Budget | None) -> None:
    """Set the budget of a repository, or lift it."""
    lock(connection, repository_id)
    values = {"most_epsilon": budget and budget.epsilon, "at_delta": budget and budget.delta}
    connection.execute(_BUDGET, {"repository": repository_id, **values})


def _budget_of(row: Any) -> Budget | None:
    return None if row.epsilon is None else Budget(epsilon=row.epsilon, delta=row.delta)
