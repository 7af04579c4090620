"""The trials of a search, as the worker that drives it sees them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.compute.runs import queries
from commonground.compute.runs import queue_queries as steps
from commonground.compute.runs.drafting import Draft, Origin
from commonground.compute.runs.guard import Reserve
from commonground.compute.runs.model import Claim, Made, Point, Run, RunQuery
from commonground.compute.runs.queue_queries import Lease
from commonground.compute.runs.service import Runs, lease_of
from commonground.database import Database
from commonground.database.clock import now_ms

MOST = 1000
"""Most trials of a search."""
POINTS = 10_000
"""Values of a metric looked at at a time."""
PRUNED = "pruned"
"""The label of a trial that was ended because others do better."""


class Trials:
    """Runs whose parent is a claimed run. Everything that writes is :class:`RunLost` once the claim is another's."""

    def __init__(self, database: Database, runs: Runs) -> None:
        self._database, self._runs = database, runs

    async def spawn(
        self, claim: Claim, owner: Principal, document: Mapping[str, Any], labels: Mapping[str, str]
    ) -> None:
        """Queue a trial in the name of the search's owner. Raises as :meth:`Runs.submit`."""
        self._runs.check_submitter(owner)
        sealed = await self._database.read(queries.sealed, claim.run.id)
        origin = Origin(labels=labels, sealed=sealed, parent=claim.run.id)
        draft = await self._runs.drafting.draft(owner, document, origin)
        await self._database.write(_spawn, lease_of(claim), draft)

    async def all(self, claim: Claim) -> list[Run]:
        """Every trial, oldest first."""
        query = RunQuery(parent=claim.run.id, limit=MOST)
        return (await self._database.read(queries.newest, None, query))[::-1]

    async def points(self, trial: Run, metric: str, after: int) -> list[Point]:
        """The next values of a metric behind the id ``after``, as they were reported, at most :data:`POINTS`."""
        return await self._database.read(queries.metrics, trial.id, [metric], after, POINTS)

    async def files(self, trial: Run) -> list[Made]:
        """What a trial made."""
        return await self._database.read(queries.files, trial.id)

    async def prune(self, claim: Claim, trial: Run) -> None:
        """End a trial, and remember why."""
        await self._database.write(_prune, lease_of(claim), trial, now_ms())

    async def resume(self, claim: Claim, trial: Run) -> None:
        """Queue a trial once more that was ended together with the search."""
        reserve = await self._runs.drafting.readmit(trial)
        await self._database.write(_resume, lease_of(claim), trial, now_ms(), reserve)

    async def end(self, claim: Claim) -> None:
        """End all that wait or run."""
        await self._database.write(_end, lease_of(claim), now_ms())


def _spawn(connection: Connection, lease: Lease, draft: Draft) -> None:
    steps.hold(connection, lease)
    draft.store(connection)


def _prune(connection: Connection, lease: Lease, trial: Run, now: int) -> None:
    steps.hold(connection, lease)
    if steps.cancel(connection, trial.id, now):
        queries.set_labels(connection, trial.id, {**trial.labels, PRUNED: "true"})


def _resume(connection: Connection, lease: Lease, trial: Run, now: int, reserve: Reserve) -> None:
    steps.hold(connection, lease)
    if steps.resume(connection, trial.id, trial.spec.fault.max_restarts, now):
        reserve(connection, trial.id)


def _end(connection: Connection, lease: Lease, now: int) -> None:
    steps.hold(connection, lease)
    steps.cancel_trials(connection, lease.run_id, now)
