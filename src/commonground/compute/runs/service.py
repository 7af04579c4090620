"""Runs: the one face of this package. What users ask for, and what workers report."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.compute import kinds
from commonground.compute.runs import queries, summary_queries
from commonground.compute.runs import queue_queries as steps
from commonground.compute.runs.addresses import Addresses
from commonground.compute.runs.lineage import Lineage
from commonground.compute.runs.model import (
    Claim,
    Graph,
    Link,
    LogBlock,
    Offer,
    Outcome,
    Point,
    Run,
    RunQuery,
    Series,
    Spec,
    State,
    Stream,
)  # fmt: skip
from commonground.compute.runs.queue_queries import Lease
from commonground.compute.runs.spec import parse
from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.database.signals import signal
from commonground.errors import (
    Forbidden,
    InvalidSpec,
    KindUnavailable,
    RunNotFound,
    RunStateConflict,
    Unauthenticated,
)  # fmt: skip
from commonground.hub.repositories.model import Repository
from commonground.hub.repositories.service import Repositories
from commonground.hub.revisions.service import Revisions
from commonground.settings import Settings

ENGINES = ("local",)
LOG_LIMIT = 64 * 2**20
"""Bytes of log kept of one run; what follows is left out."""
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
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._database, self._settings, self._clock = database, settings, clock
        self._addresses = Addresses(repositories, revisions)
        self._lineage = Lineage(database, repositories)

    # --- what users ask for -------------------------------------------------------------------------------------------

    async def submit(self, principal: Principal, document: Mapping[str, Any]) -> Run:
        """Queue a run of a specification (plain data). Its inputs are pinned to the commits they are now.

        Raises :class:`Unauthenticated`, :class:`Forbidden`, :class:`InvalidSpec`, :class:`KindUnavailable`, and what
        :meth:`Repositories.open` raises for what the caller may not read or write.
        """
        self._check_submitter(principal)
        spec = parse(document)
        kinds.entry_of(spec.kind)
        if spec.engine not in ENGINES:
            raise KindUnavailable(what="engine", name=spec.engine, known=", ".join(ENGINES))
        if spec.queue.priority > 0 and not principal.is_admin:
            raise Forbidden(action="raise the priority of", resource="a run")
        pinned = {name: await self._addresses.pin(principal, name, address) for name, address in spec.inputs.items()}
        outputs = [await self._addresses.target(principal, name, address) for name, address in spec.outputs.items()]
        if len({(link.repository_id, link.path) for link in outputs}) < len(outputs):
            raise InvalidSpec(reason="two outputs have the same place")
        spec = msgspec.structs.replace(spec, inputs={name: address for name, (_, address) in pinned.items()})
        values = self._row(principal, spec)
        run_id = await self._database.write(_add, values, [link for link, _ in pinned.values()], outputs)
        return await self._get(run_id)

    def may_submit(self, principal: Principal) -> bool:
        """Whether the caller may execute anything here."""
        allowed = {"nobody": False, "administrators": principal.is_admin, "users": not principal.is_anonymous}
        narrow = principal.token_role in {"read", "fine-grained"} or principal.via == "link"
        return allowed[self._settings.runs_by] and not narrow

    def _check_submitter(self, principal: Principal) -> None:
        if principal.is_anonymous:
            raise Unauthenticated
        if not self.may_submit(principal):
            raise Forbidden(action="execute commands on", resource="this server")

    def _row(self, principal: Principal, spec: Spec) -> dict[str, Any]:
        needs, now = spec.resources.total, self._clock()
        group = spec.queue.group
        return {
            "owner_id": principal.account_id, "name": spec.name, "kind": spec.kind, "engine": spec.engine,
            "spec": msgspec.json.encode(spec).decode(), "state": "queued", "priority": spec.queue.priority,
            "seed": secrets.randbits(32) if spec.seed is None else spec.seed,
            "share": principal.name if group == "default" else group,
            "cpus": needs.cpus, "memory": needs.memory, "gpus": needs.gpus,
            "timeout": int(spec.fault.timeout * 1000), "last_attempt": 1 + spec.fault.max_restarts,
            "run_at": now, "created_at": now,
        }  # fmt: skip

    async def find(self, principal: Principal, run_id: int) -> Run:
        """The run; :class:`RunNotFound`."""
        if not 0 < run_id < queries.NO_ID:
            raise RunNotFound(run=run_id)
        run = await self._database.read(queries.find, run_id)
        if run is None or not _may_see(principal, run):
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
        restarts = run.spec.fault.max_restarts
        if not await self._database.write(steps.resume, run_id, restarts, self._clock()):
            raise RunStateConflict(run=run_id, state=run.state, reason="only what failed or was cancelled is resumed")
        return await self._get(run_id)

    async def _changing(self, principal: Principal, run_id: int) -> Run:
        run = await self.find(principal, run_id)
        self._check_submitter(principal)
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
        return {run.id for run in found if _may_see(principal, run)}

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
        return None if lease is None else Claim(run=await self._get(lease.run_id), fence=lease.fence)

    async def held(self, claim: Claim) -> None:
        """Return if the lease stands, else :class:`RunLost`; no write."""
        await self._database.lookup(steps.hold, _lease(claim), lock=False)

    async def beat(self, claim: Claim, lease_seconds: float) -> None:
        """Extend the lease; :class:`RunLost`."""
        await self._database.write(steps.beat, _lease(claim), lease_seconds, self._clock())

    async def describe(self, claim: Claim, environment: dict[str, Any]) -> None:
        """Record what the attempt runs in; :class:`RunLost`."""
        await self._database.write(steps.describe, _lease(claim), environment)

    async def published(self, claim: Claim, output: str, commit: str) -> None:
        """Record the commit an output became; :class:`RunLost`."""
        await self._database.write(steps.published, _lease(claim), output, bytes.fromhex(commit))

    async def finish(self, claim: Claim, outcome: Outcome) -> State:
        """The attempt ended; the state of the run now: ``queued`` when it is to be tried again. :class:`RunLost`."""
        if outcome.error is not None:
            outcome = msgspec.structs.replace(outcome, error=outcome.error.replace("\0", "")[:ERROR_LIMIT])
        return await self._database.write(_finish, claim, outcome, self._clock())

    async def release(self, claim: Claim) -> None:
        """Put a run back as if it had not been tried; :class:`RunLost`."""
        await self._database.write(steps.release, _lease(claim), self._clock())

    async def append_log(self, claim: Claim, stream: Stream, text: str) -> None:
        """Append to the log, in blocks of at most 64 KiB; above 64 MiB a run's output is left out. :class:`RunLost`."""
        if text:
            await self._database.write(_append_log, _lease(claim), stream, text.replace("\0", ""), self._clock())

    async def append_metrics(self, claim: Claim, points: Sequence[Point]) -> None:
        """Append values of metrics; :class:`RunLost`."""
        if points:
            await self._database.write(_append_metrics, _lease(claim), points)


def _may_see(principal: Principal, run: Run) -> bool:
    if principal.via == "link" or principal.token_role == "fine-grained":
        return False
    return principal.is_admin or (not principal.is_anonymous and run.owner_id == principal.account_id)


def _lease(claim: Claim) -> Lease:
    return Lease(claim.run.id, claim.fence)


def _add(connection: Connection, values: Mapping[str, Any], inputs: Sequence[Link], outputs: Sequence[Link]) -> int:
    signal(connection, steps.SIGNAL)
    return queries.add(connection, values, inputs, outputs)


def _finish(connection: Connection, claim: Claim, outcome: Outcome, now: int) -> State:
    if outcome.succeeded:
        steps.end(connection, _lease(claim), "succeeded", outcome, now)
        return "succeeded"
    left = claim.run.attempt < claim.run.last_attempt
    return steps.retry(connection, _lease(claim), outcome, now, left=left, delay=steps.backoff(claim.run.attempt))


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


def _append_metrics(connection: Connection, lease: Lease, points: Sequence[Point]) -> None:
    steps.hold(connection, lease)
    queries.add_metrics(connection, lease.run_id, points)
