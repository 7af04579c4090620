"""Schedules: what is submitted again and again, in the name of who made them."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.accounts.service import Accounts
from commonground.compute.runs import queue_queries as steps
from commonground.compute.runs import schedules_queries as queries
from commonground.compute.runs.cron import check_cron, next_time
from commonground.compute.runs.drafting import Draft, Origin, converted
from commonground.compute.runs.model import Labels, Run
from commonground.compute.runs.queries import NO_ID
from commonground.compute.runs.schedules_model import Concurrency, Schedule, ScheduleQuery
from commonground.compute.runs.service import ERROR_LIMIT, Runs, may_see
from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.errors import CommongroundError, DatabaseUnavailable, ScheduleBusy, ScheduleNotFound, Unauthenticated
from commonground.telemetry import logger

AT_ONCE = 100
"""Schedules looked at in one go."""
BUSY = "the run before had not ended"


class Schedules:
    """The schedules of all accounts; each is the business of its owner and of administrators. Whatever number of
    processes calls :meth:`fire`, a time makes one run; times that were missed make one together.
    """

    def __init__(self, database: Database, accounts: Accounts, runs: Runs, clock: Callable[[], int] = now_ms) -> None:
        self._database, self._accounts, self._runs, self._clock = database, accounts, runs, clock

    async def create(
        self,
        principal: Principal,
        cron: str,
        document: Mapping[str, Any],
        *,
        concurrency: Concurrency = "allow",
        suspended: bool = False,
        labels: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> Schedule:
        """Submit a specification at the times of ``cron`` (UTC). Inputs are pinned each time, to what they are then.
        Raises :class:`InvalidSchedule`, and what :meth:`Runs.submit` raises for the specification as it is now.
        """
        self._runs.check_submitter(principal)
        cron, now = check_cron(cron), self._clock()
        draft = await self._runs.drafting.draft(principal, document, Origin(labels=labels or {}))
        values = {
            "owner_id": principal.account_id, "name": draft.values["name"], "cron": cron, "concurrency": concurrency,
            "spec": msgspec.json.encode(dict(document)).decode(), "labels": msgspec.json.encode(draft.labels).decode(),
            "sealed": self._runs.drafting.seal(principal, secrets or {}), "suspended": suspended,
            "created_at": now, "next_at": next_time(cron, now),
        }  # fmt: skip
        return await self._get(await self._database.write(queries.add, values))

    async def find(self, principal: Principal, schedule_id: int) -> Schedule:
        """The schedule; :class:`ScheduleNotFound`."""
        if not 0 < schedule_id < NO_ID:
            raise ScheduleNotFound(schedule=schedule_id)
        found = await self._get(schedule_id)
        if not may_see(principal, found.owner_id):
            raise ScheduleNotFound(schedule=schedule_id)
        return found

    async def list(self, principal: Principal, query: ScheduleQuery) -> list[Schedule]:
        """A page of the caller's schedules, newest first; an administrator sees everybody's. :class:`Unauthenticated`."""
        if principal.is_anonymous:
            raise Unauthenticated
        everything = principal.is_admin and principal.token_role != "fine-grained"
        return await self._database.read(queries.newest, None if everything else principal.account_id, query)

    async def suspend(self, principal: Principal, schedule_id: int) -> Schedule:
        """Make no runs until :meth:`resume`; :class:`ScheduleNotFound`."""
        await self._changing(principal, schedule_id)
        return await self._change(schedule_id, suspended=True)

    async def resume(self, principal: Principal, schedule_id: int) -> Schedule:
        """Make runs again, from the next time on; what was missed is not made up for. :class:`ScheduleNotFound`."""
        found = await self._changing(principal, schedule_id)
        following = next_time(found.cron, self._clock()) if found.suspended else found.next_at
        return await self._change(schedule_id, suspended=False, next_at=following)

    async def reschedule(self, principal: Principal, schedule_id: int, cron: str) -> Schedule:
        """Other times; :class:`ScheduleNotFound`, :class:`InvalidSchedule`."""
        await self._changing(principal, schedule_id)
        cron = check_cron(cron)
        return await self._change(schedule_id, cron=cron, next_at=next_time(cron, self._clock()))

    async def set_labels(self, principal: Principal, schedule_id: int, labels: Mapping[str, str]) -> Schedule:
        """Other labels for the runs to come; :class:`ScheduleNotFound`, :class:`InvalidSpec`."""
        await self._changing(principal, schedule_id)
        text = msgspec.json.encode(converted(labels, Labels, "labels")).decode()
        return await self._change(schedule_id, labels=text)

    async def delete(self, principal: Principal, schedule_id: int) -> None:
        """End a schedule; its runs stay. :class:`ScheduleNotFound`."""
        await self._changing(principal, schedule_id)
        await self._database.write(queries.remove, schedule_id)

    async def run_now(self, principal: Principal, schedule_id: int) -> Run:
        """One run now, beside the times. Raises :class:`ScheduleNotFound`, :class:`ScheduleBusy` where runs may not
        overlap, and what :meth:`Runs.submit` raises.
        """
        schedule = await self._changing(principal, schedule_id)
        draft = await self._draft(schedule)
        run_id, busy = await self._database.write(_start, schedule, draft, self._clock())
        if run_id is None:
            raise ScheduleBusy(run=busy)
        return await self._runs.find(principal, run_id)

    async def fire(self) -> int:
        """Submit what is due; how many runs that made. To be called every second or so by every worker."""
        now, count = self._clock(), 0
        if not await self._database.lookup(queries.is_due, now):
            return 0
        for schedule in await self._database.read(queries.due, now, AT_ONCE):
            count += await self._fire(schedule, now)
        return count

    async def _fire(self, schedule: Schedule, now: int) -> int:
        """Whether a due schedule made a run. What is wrong with it is kept with it, and tried again the next time."""
        following = next_time(schedule.cron, now)
        try:
            draft = await self._draft(schedule)
            return await self._database.write(_take_and_start, schedule, draft, following, now)
        except DatabaseUnavailable:
            raise
        except CommongroundError as error:
            reason = f"{error.code}: {error}"
            logger().warning("a schedule made no run", schedule=schedule.id, error=reason)
        except Exception as error:  # noqa: BLE001 - process edge: a defect in one does not stop the others
            reason = f"{type(error).__name__}: {error}"
            logger().exception("a schedule made no run", schedule=schedule.id)
        await self._database.write(queries.take, schedule, following, now, reason[:ERROR_LIMIT])
        return 0

    async def _draft(self, schedule: Schedule) -> Draft:
        """A run in the name of the owner, whose rights are asked for again."""
        owner = await self._accounts.of_account(schedule.owner_id)
        self._runs.check_submitter(owner)
        origin = Origin(labels=schedule.labels, sealed=schedule.sealed, schedule=schedule.id)
        return await self._runs.drafting.draft(owner, schedule.spec, origin)

    async def _changing(self, principal: Principal, schedule_id: int) -> Schedule:
        found = await self.find(principal, schedule_id)
        self._runs.check_submitter(principal)
        return found

    async def _change(self, schedule_id: int, **values: Any) -> Schedule:
        await self._database.write(queries.change, schedule_id, values)
        return await self._get(schedule_id)

    async def _get(self, schedule_id: int) -> Schedule:
        found = await self._database.read(queries.find, schedule_id)
        if found is None:
            raise ScheduleNotFound(schedule=schedule_id)
        return found


def _take_and_start(connection: Connection, schedule: Schedule, draft: Draft, following: int, now: int) -> int:
    """In one transaction, so that each time makes one run at most, whoever sees it."""
    if not queries.take(connection, schedule, following, now):
        return 0
    run_id, _ = _start(connection, schedule, draft, now)
    if run_id is None:
        queries.change(connection, schedule.id, {"error": BUSY})
    return 0 if run_id is None else 1


def _start(connection: Connection, schedule: Schedule, draft: Draft, now: int) -> tuple[int | None, int | None]:
    """The new run; ``None`` and the one that is in its way."""
    active = queries.active(connection, schedule.id)
    if active and schedule.concurrency == "forbid":
        return None, active[0]
    if schedule.concurrency == "replace":
        for run_id in active:
            steps.cancel(connection, run_id, now)
    run_id = draft.store(connection)
    queries.made(connection, schedule.id, run_id, now)
    return run_id, None
