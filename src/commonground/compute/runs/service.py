"""Runs: the one face of this package. What users ask for, and what workers report."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.compute.runs import queries, summary_queries
from commonground.compute.runs import queue_queries as steps
from commonground.compute.runs.addresses import Addresses
from commonground.compute.runs.drafting import Draft, Drafting, Origin, converted
from commonground.compute.runs.guard import Everything, Reserve, RunGuard
from commonground.compute.runs.jobs import SECRETS
from commonground.compute.runs.lineage import Lineage
from commonground.compute.runs.model import (
    EXTERNAL,
    Claim,
    Graph,
    Labels,
    LogBlock,
    Metric,
    Offer,
    Outcome,
    Point,
    Run,
    RunQuery,
    Series,
    State,
    Stream,
)  # fmt: skip
from commonground.compute.runs.queue_queries import Lease
from commonground.compute.runs.sealing import Sealing
from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.errors import (
    Forbidden,
    RunNotFound,
    RunStateConflict,
    SecretMissing,
    Unauthenticated,
)  # fmt: skip
from commonground.hub.repositories.model import Repository
from commonground.hub.repositories.service import Repositories
from commonground.hub.revisions.service import Revisions
from commonground.settings import Settings
from commonground.telemetry import logger

LOG_LIMIT = 64 * 2**20
"""Bytes of log kept of one run; what follows is left out."""
METRIC_LIMIT = 1_000_000
"""Values of metrics kept of one run, about as large as its log; what follows is left out."""
BLOCK_LIMIT = 64 * 2**10
ERROR_LIMIT = 4000


class Runs:
    """The runs of all accounts. A run is the business of its owner and of administrators; to others it looks absent."""

    def __init__(
        self,
        database: Database,
        repositories: Repositories,
        revisions: Revisions,
        settings: Settings,
        key: bytes,
        clock: Callable[[], int] = now_ms,
        guard: RunGuard | None = None,
    ) -> None:
        self._database, self._settings, self._clock = database, settings, clock
        self._sealing = Sealing(key)
        self.drafting = Drafting(
            Addresses(repositories, revisions), self._sealing, settings, clock, guard or Everything()
        )
        self._lineage = Lineage(database, repositories)

    # --- what users ask for -------------------------------------------------------------------------------------------

    async def submit(
        self,
        principal: Principal,
        document: Mapping[str, Any],
        *,
        labels: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> Run:
        """Queue a run of a specification (plain data). Its inputs are pinned to the commits they are now. ``secrets`` are
        its own: kept encrypted, known to its processes under the names its environment gives them.

        Raises :class:`Unauthenticated`, :class:`Forbidden`, :class:`InvalidSpec`, :class:`KindUnavailable`, and what
        :meth:`Repositories.open` raises for what the caller may not read or write.
        """
        self.check_submitter(principal)
        origin = Origin(labels=labels or {}, sealed=self.drafting.seal(principal, secrets or {}))
        return await self._store(await self.drafting.draft(principal, document, origin))

    async def duplicate(self, principal: Principal, run_id: int) -> Run:
        """Queue the same again: inputs as they were pinned, labels and secrets. Raises as :meth:`submit`."""
        run = await self._changing(principal, run_id)
        return await self._store(await self._copy(principal, run, Origin(labels=run.labels)))

    async def replay(self, principal: Principal, run_id: int) -> Run:
        """Execute a run that succeeded once more, with what it had: inputs, seed, environment. Nothing is published; the
        new run's ``verdict`` says whether it made the same bits. Raises as :meth:`submit`, and :class:`RunStateConflict`.
        """
        run = await self._changing(principal, run_id)
        if run.state != "succeeded" or not await self._database.read(queries.files, run.id):
            raise RunStateConflict(run=run_id, state=run.state, reason="only a run that made files can be replayed")
        return await self._store(await self._copy(principal, run, Origin(seed=run.seed, replay_of=run.id)))

    async def _copy(self, principal: Principal, run: Run, origin: Origin) -> Draft:
        sealed = await self._database.read(queries.sealed, run.id)
        if sealed is not None and run.owner_id != principal.account_id:
            raise Forbidden(action="use the secrets of", resource="somebody else's run")
        document = msgspec.to_builtins(run.spec)
        return await self.drafting.draft(principal, document, msgspec.structs.replace(origin, sealed=sealed))

    async def _store(self, draft: Draft) -> Run:
        return await self._get(await self._database.write(draft.store))

    async def set_labels(self, principal: Principal, run_id: int, labels: Mapping[str, str]) -> Run:
        """Give a run these labels instead of those it has; :class:`RunNotFound`, :class:`InvalidSpec`."""
        await self._changing(principal, run_id)
        await self._database.write(queries.set_labels, run_id, converted(labels, Labels, "labels"))
        return await self._get(run_id)

    def may_submit(self, principal: Principal) -> bool:
        """Whether the caller may execute anything here."""
        allowed = {"nobody": False, "administrators": principal.is_admin, "users": not principal.is_anonymous}
        narrow = principal.token_role in {"read", "fine-grained"} or principal.via == "link"
        return allowed[self._settings.runs_by] and not narrow

    def check_submitter(self, principal: Principal) -> None:
        """:class:`Unauthenticated` or :class:`Forbidden` for who may execute nothing here."""
        if principal.is_anonymous:
            raise Unauthenticated
        if not self.may_submit(principal):
            raise Forbidden(action="execute commands on", resource="this server")

    async def find(self, principal: Principal, run_id: int) -> Run:
        """The run; :class:`RunNotFound`."""
        if not 0 < run_id < queries.NO_ID:
            raise RunNotFound(run=run_id)
        run = await self._database.read(queries.find, run_id)
        if run is None or not may_see(principal, run.owner_id):
            raise RunNotFound(run=run_id)
        return run

    async def _get(self, run_id: int) -> Run:
        run = await self._database.read(queries.find, run_id)
        if run is None:
            raise RunNotFound(run=run_id)
        return run

    async def cancel(self, principal: Principal, run_id: int) -> Run:
        """End a run that waits or runs; its processes are killed within seconds. :class:`RunNotFound`,
        :class:`RunStateConflict` if it had ended.
        """
        run = await self._changing(principal, run_id)
        if not await self._database.write(steps.cancel, run_id, self._clock()):
            raise RunStateConflict(run=run_id, state=run.state, reason="it has ended")
        return await self._get(run_id)

    async def resume(self, principal: Principal, run_id: int) -> Run:
        """Queue a run that failed or was cancelled once more, with as many restarts as in the beginning; it finds in
        ``$CG_CHECKPOINT`` what its attempts left there. :class:`RunNotFound`, :class:`RunStateConflict`.
        """
        run = await self._changing(principal, run_id)
        if run.kind == EXTERNAL:
            raise RunStateConflict(run=run_id, state=run.state, reason="it is executed elsewhere")
        restarts = run.spec.fault.max_restarts
        reserve = await self.drafting.readmit(run)
        if not await self._database.write(_resume, run_id, restarts, self._clock(), reserve):
            raise RunStateConflict(run=run_id, state=run.state, reason="only what failed or was cancelled is resumed")
        return await self._get(run_id)

    async def _changing(self, principal: Principal, run_id: int) -> Run:
        run = await self.find(principal, run_id)
        self.check_submitter(principal)
        return run

    async def logs(self, principal: Principal, run_id: int, after: int = 0, limit: int = 100) -> list[LogBlock]:
        """Blocks of the log behind number ``after``; :class:`RunNotFound`."""
        await self.find(principal, run_id)
        return await self._database.read(queries.logs, run_id, after, limit)

    async def metrics(
        self, principal: Principal, run_id: int, keys: Sequence[str] = (), after: int = 0, limit: int = 1000
    ) -> list[Point]:
        """Values of metrics behind the id ``after``, in the order they were reported; :class:`RunNotFound`."""
        await self.find(principal, run_id)
        return await self._database.read(queries.metrics, run_id, keys, after, limit)

    async def log_tail(self, principal: Principal, run_id: int, size: int) -> list[LogBlock]:
        """The last blocks of the log, of about ``size`` characters; :class:`RunNotFound`."""
        await self.find(principal, run_id)
        return await self._database.read(summary_queries.log_tail, run_id, size)

    async def series(self, principal: Principal, run_id: int, metrics: int = 24, samples: int = 120) -> list[Series]:
        """The first ``metrics`` metrics by name, each as about ``samples`` means in the order of their steps (of time,
        where all steps are the same); :class:`RunNotFound`.
        """
        await self.find(principal, run_id)
        return await self._database.read(summary_queries.series, run_id, metrics, samples)

    async def visible(self, principal: Principal, run_ids: Sequence[int]) -> set[int]:
        """The subset of ``run_ids`` the caller may look at."""
        if principal.is_anonymous or not run_ids:
            return set()
        found = await self._database.read(queries.by_ids, run_ids)
        return {run.id for run in found if may_see(principal, run.owner_id)}

    async def lineage(self, principal: Principal, repository: Repository, commit: str, depth: int = 3) -> Graph:
        """Where a commit of a repository the caller may read comes from, and what was made of it."""
        return await self._lineage.graph(principal, repository, commit, depth)

    async def list(self, principal: Principal, query: RunQuery) -> list[Run]:
        """A page of the caller's runs, newest first; an administrator sees everybody's. :class:`Unauthenticated`."""
        if principal.is_anonymous:
            raise Unauthenticated
        everything = principal.is_admin and principal.token_role != "fine-grained"
        return await self._database.read(queries.newest, None if everything else principal.account_id, query)

    # --- what workers report ------------------------------------------------------------------------------------------

    async def claim(self, worker: str, offer: Offer, lease_seconds: float) -> Claim | None:
        """Lease the next run that fits to ``worker``; ``None`` when there is none."""
        if not await self._database.lookup(steps.ready, self._clock()):
            return None
        lease = await self._database.write(steps.claim, worker, offer, lease_seconds, self._clock())
        if lease is None:
            return None
        run = await self._get(lease.run_id)
        sealed = await self._database.read(queries.sealed, run.id)
        return Claim(run=run, fence=lease.fence, secrets=self._opened(run, sealed))

    def _opened(self, run: Run, sealed: bytes | None) -> dict[str, str]:
        """The run's own secrets, named as the worker's are; what cannot be decrypted is missing when it is looked for."""
        try:
            found = self._sealing.open(run.owner_id, sealed)
        except SecretMissing as error:
            logger().error("the secrets of a run cannot be used", run=run.id, error=str(error))
            return {}
        return {f"{SECRETS}{name.upper()}": value for name, value in found.items()}

    async def held(self, claim: Claim) -> None:
        """Return if the lease stands, else :class:`RunLost`; no write."""
        await self._database.lookup(steps.hold, lease_of(claim), lock=False)

    async def beat(self, claim: Claim, lease_seconds: float) -> None:
        """Extend the lease; :class:`RunLost`."""
        await self._database.write(steps.beat, lease_of(claim), lease_seconds, self._clock())

    async def describe(self, claim: Claim, environment: dict[str, Any]) -> None:
        """Record what the attempt runs in; :class:`RunLost`."""
        await self._database.write(steps.describe, lease_of(claim), environment)

    async def measures(self, claim: Claim, keys: Sequence[str]) -> dict[str, float]:
        """The last value of each of these metrics that the run has reported."""
        points = await self._database.read(queries.metrics, claim.run.id, keys, 0, METRIC_LIMIT)
        return {point.key: point.value for point in points}

    async def finish(self, claim: Claim, outcome: Outcome) -> State:
        """The attempt ended; the state of the run now: ``queued`` when it is to be tried again. :class:`RunLost`."""
        if outcome.error is not None:
            outcome = msgspec.structs.replace(outcome, error=outcome.error.replace("\0", "")[:ERROR_LIMIT])
        return await self._database.write(_finish, claim, outcome, self._clock())

    async def release(self, claim: Claim) -> None:
        """Put a run back as if it had not been tried; :class:`RunLost`."""
        await self._database.write(steps.release, lease_of(claim), self._clock())

    async def append_log(self, claim: Claim, stream: Stream, text: str) -> None:
        """Append to the log, in blocks of at most 64 KiB; above 64 MiB a run's output is left out. :class:`RunLost`."""
        if text:
            await self._database.write(_append_log, lease_of(claim), stream, text.replace("\0", ""), self._clock())

    async def append_metrics(self, claim: Claim, points: Sequence[Metric]) -> None:
        """Append values of metrics; above a million a run's are left out. :class:`RunLost`."""
        if points:
            await self._database.write(_append_metrics, lease_of(claim), points, self._clock())


def may_see(principal: Principal, owner_id: int) -> bool:
    """Whether what an account runs is the principal's business."""
    if principal.via == "link" or principal.token_role == "fine-grained":
        return False
    return principal.is_admin or (not principal.is_anonymous and owner_id == principal.account_id)


def lease_of(claim: Claim) -> Lease:
    """What every write of a worker is made under."""
    return Lease(claim.run.id, claim.fence)


def _resume(connection: Connection, run_id: int, restarts: int, now: int, reserve: Reserve) -> bool:
    if not steps.resume(connection, run_id, restarts, now):
        return False
    reserve(connection, run_id)
    return True


def _finish(connection: Connection, claim: Claim, outcome: Outcome, now: int) -> State:
    if outcome.succeeded:
        steps.end(connection, lease_of(claim), "succeeded", outcome, now)
        return "succeeded"
    left = claim.run.attempt < claim.run.last_attempt
    return steps.retry(connection, lease_of(claim), outcome, now, left=left, delay=steps.backoff(claim.run.attempt))


def _append_log(connection: Connection, lease: Lease, stream: Stream, text: str, now: int) -> None:
    steps.hold(connection, lease)
    total, size = queries.count_logged(connection, lease.run_id, len(text)), len(text)
    if total - size < LOG_LIMIT <= total:
        text = (
            f"{text[: max(0, size - (total - LOG_LIMIT))]}\n[what follows is left out: the log has reached its limit]\n"
        )
    elif total >= LOG_LIMIT:
        return
    texts = [text[start : start + BLOCK_LIMIT] for start in range(0, len(text), BLOCK_LIMIT)]
    queries.add_log(connection, lease.run_id, stream, texts, now)


def _append_metrics(connection: Connection, lease: Lease, points: Sequence[Metric], now: int) -> None:
    steps.hold(connection, lease)
    total = queries.count_measured(connection, lease.run_id, len(points))
    kept = points[: max(0, len(points) - max(0, total - METRIC_LIMIT))]
    if kept:
        queries.add_metrics(connection, lease.run_id, kept)
    if total - len(points) <= METRIC_LIMIT < total:
        text = f"[what follows is left out: {METRIC_LIMIT} values of metrics are kept of one run]\n"
        queries.add_log(connection, lease.run_id, "system", [text], now)
