"""Runs as clients report them: begun, measured, ended elsewhere. Runs that are executed here are seen beside them."""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.compute.runs.model import ENDED, EXTERNAL, Point, Spec, State
from commonground.compute.tracking import pair_queries, queries
from commonground.compute.tracking.callers import may_see, reader, scope, writer
from commonground.compute.tracking.checks import check_key, check_number, check_report
from commonground.compute.tracking.experiments import NO_ID, Experiments
from commonground.compute.tracking.model import RUN_NAME, Report, Search, TrackedRun
from commonground.database import Database
from commonground.database.schema.experiments import run_param, run_tag
from commonground.database.signals import signal
from commonground.errors import InvalidRecord, ParameterConflict, RunNotFound, RunStateConflict

SIGNAL = "run"
MOST_EXPERIMENTS = 1000
DOCUMENT_LIMIT = 2**20
"""Largest description of a data set, in bytes of JSON."""
_NOT_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_LIMIT = 96


class Recorder:
    """What is recorded of runs. All methods raise :class:`Unauthenticated` and :class:`Forbidden`; what is another
    account's looks absent: :class:`RunNotFound`.
    """

    def __init__(self, database: Database, experiments: Experiments, clock: Callable[[], int]) -> None:
        self._database, self._experiments, self._clock = database, experiments, clock

    async def begin(
        self, principal: Principal, experiment_id: int, name: str, started_at: int | None, tags: Mapping[str, str]
    ) -> TrackedRun:
        """A new run of the caller's, which runs now; an empty ``name`` is made up. :class:`ExperimentNotFound`,
        :class:`InvalidRecord`.
        """
        experiment = await self._experiments.find(writer(principal), experiment_id)
        if experiment.deleted_at is not None:
            raise InvalidRecord(reason=f"experiment {experiment_id} is deleted")
        name = name or tags.get(RUN_NAME) or f"run-{secrets.token_hex(3)}"
        report = Report(tags={**tags, RUN_NAME: name})
        check_report(report)
        begun = self._clock() if started_at is None else check_number(started_at)
        values = self._row(principal, name, begun)
        run_id = await self._database.write(_begin, values, experiment.id, report.tags)
        return await self.find(principal, run_id)

    def _row(self, principal: Principal, name: str, begun: int) -> dict[str, Any]:
        plain = _NOT_NAME.sub("-", name).strip("-._")[:_NAME_LIMIT] or "run"
        spec = Spec(name=plain, kind=EXTERNAL, engine=EXTERNAL)
        return {
            "owner_id": principal.account_id, "name": plain, "kind": EXTERNAL, "engine": EXTERNAL,
            "spec": msgspec.json.encode(spec).decode(), "state": "running", "seed": 0, "share": principal.name,
            "cpus": 0.0, "memory": 0, "gpus": 0, "timeout": 0, "attempt": 1, "last_attempt": 1,
            "run_at": begun, "created_at": self._clock(), "started_at": begun,
        }  # fmt: skip

    async def find(self, principal: Principal, run_id: int) -> TrackedRun:
        """A run with what was recorded of it."""
        reader(principal)
        found = await self._database.read(queries.find_run, run_id) if 0 < run_id < NO_ID else None
        if found is None or not may_see(principal, found.owner_id):
            raise RunNotFound(run=run_id)
        return found

    async def search(self, principal: Principal, experiments: Sequence[int], search: Search) -> list[TrackedRun]:
        """A page of the caller's runs in some experiments, an administrator's of everybody's; :class:`InvalidFilter`."""
        known = [one for one in experiments[:MOST_EXPERIMENTS] if 0 <= one < NO_ID]
        return await self._database.read(queries.search_runs, scope(reader(principal)), known, search)

    async def history(self, principal: Principal, run_id: int, key: str, offset: int, limit: int) -> list[Point]:
        """The values of a metric, by step and time."""
        await self.plain(reader(principal), run_id)
        return await self._database.read(queries.history, run_id, key, offset, limit)

    async def record(self, principal: Principal, run_id: int, report: Report) -> None:
        """Add values of metrics, parameters and tags, all or none. A tag of the same key is replaced, a parameter is
        :class:`ParameterConflict`. Metrics and parameters of a run that is executed here are its worker's to report:
        :class:`RunStateConflict`. :class:`InvalidRecord`.
        """
        check_report(report)
        run = await self.plain(writer(principal), run_id)
        if report.metrics or report.repeated or report.params:
            _check_external(run)
        if run.deleted_at is not None:
            raise RunStateConflict(run=run_id, state="deleted", reason="nothing is recorded of it")
        await self._database.write(_record, run_id, report)

    async def update(
        self, principal: Principal, run_id: int, state: State | None, ended_at: int | None, name: str
    ) -> TrackedRun:
        """Set state, end and name, as far as they are given; :class:`RunStateConflict`, :class:`InvalidRecord`."""
        run = await self.plain(writer(principal), run_id)
        values: dict[str, Any] = {}
        if state is not None and state != run.state:
            _check_external(run)
            values["state"] = state
        if state in ENDED:
            values["finished_at"] = self._clock() if ended_at is None else check_number(ended_at)
        elif state is not None:
            values["finished_at"] = None
        tags = {RUN_NAME: name} if name else {}
        check_report(Report(tags=tags))
        await self._database.write(_update, run_id, values, tags)
        return await self.find(principal, run_id)

    async def remove_tag(self, principal: Principal, run_id: int, key: str) -> None:
        """Remove a tag; :class:`InvalidRecord` where there is none of this key."""
        check_key(key)
        await self.plain(writer(principal), run_id)
        if not await self._database.write(pair_queries.remove, run_tag, run_id, key):
            raise InvalidRecord(reason=f"run {run_id} has no tag {key}")

    async def set_deleted(self, principal: Principal, run_id: int, *, deleted: bool) -> None:
        """Put a run into the bin, or take it out: searches leave it out, nothing else changes."""
        await self.plain(writer(principal), run_id)
        await self._database.write(queries.set_deleted, run_id, self._clock() if deleted else None)

    async def add_dataset(self, principal: Principal, run_id: int, name: str, digest: str, document: str) -> None:
        """Note what a run reads, described in JSON; :class:`InvalidRecord`."""
        check_key(name, 500)
        check_key(digest, 64)
        if len(document) > DOCUMENT_LIMIT:
            raise InvalidRecord(reason=f"the description of {name} is larger than {DOCUMENT_LIMIT} bytes")
        await self.plain(writer(principal), run_id)
        await self._database.write(queries.add_dataset, run_id, name, digest, document)

    async def plain(self, principal: Principal, run_id: int) -> TrackedRun:
        """A run without what was recorded of it."""
        found = await self._database.read(queries.find_plain, run_id) if 0 < run_id < NO_ID else None
        if found is None or not may_see(principal, found.owner_id):
            raise RunNotFound(run=run_id)
        return found


def _check_external(run: TrackedRun) -> None:
    if run.engine != EXTERNAL:
        raise RunStateConflict(run=run.id, state=run.state, reason="it is executed here, and its worker reports of it")


def _begin(connection: Connection, values: dict[str, Any], experiment_id: int, tags: Mapping[str, str]) -> int:
    run_id = queries.add_run(connection, values, experiment_id)
    pair_queries.put(connection, run_tag, run_id, tags)
    signal(connection, SIGNAL)
    return run_id


def _record(connection: Connection, run_id: int, report: Report) -> None:
    queries.find_plain(connection, run_id, lock=bool(report.params))
    if report.params:
        pair_queries.add(connection, run_param, run_id, report.params)
        kept = pair_queries.of(connection, run_param, [run_id])[run_id]
        for key, value in report.params.items():
            if kept[key] != value:
                raise ParameterConflict(key=key, run=run_id, old=kept[key][:100])
    pair_queries.put(connection, run_tag, run_id, report.tags)
    new = [point for point in report.repeated if not queries.is_known(connection, run_id, point)]
    queries.add_points(connection, run_id, [*report.metrics, *new])


def _update(connection: Connection, run_id: int, values: dict[str, Any], tags: Mapping[str, str]) -> None:
    if values:
        queries.change_run(connection, run_id, values)
        signal(connection, SIGNAL)
    pair_queries.put(connection, run_tag, run_id, tags)
