"""Schedules: specifications that are submitted again and again."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.compute.runs import schedules_model as model
from commonground.errors import InvalidSchedule, InvalidSpec, KindUnavailable, ScheduleBusy, ScheduleNotFound
from commonground.gateways.native import errors, wire
from commonground.gateways.native import wire_runs as runs_wire
from commonground.gateways.native import wire_schedules as schedules_wire
from commonground.gateways.native.context import Context, endpoint, page
from commonground.gateways.native.routes.runs import RUNS
from commonground.gateways.native.routes.runs import shown as run_shown
from commonground.gateways.native.wire_schedules import shown
from commonground.http.bodies import read_json
from commonground.http.parameters import read_query
from commonground.http.responses import json_response
from commonground.http.routing import Route

SCHEDULES = f"{wire.API}/schedules"
SCHEDULE = f"{SCHEDULES}/{{schedule}}"
FIND: errors.Errors = (*errors.SIGNED_IN, ScheduleNotFound)
SUBMIT: errors.Errors = (*errors.READ, InvalidSpec, KindUnavailable)


class ScheduleRoutes:
    """Everything about schedules."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._schedules = context.services.schedules

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        found = {"result": schedules_wire.ScheduleFacts}
        return [
            endpoint("POST", SCHEDULES, self.create_schedule, "Submit a specification again and again", status=201,
                     body=schedules_wire.CreateSchedule, **found, errors=(*SUBMIT, InvalidSchedule)),
            endpoint("GET", SCHEDULES, self.list_schedules, "List schedules", query=schedules_wire.ScheduleQuery,
                     result=wire.Page[schedules_wire.ScheduleFacts], errors=errors.SIGNED_IN),
            endpoint("GET", SCHEDULE, self.get_schedule, "Look at a schedule", **found, errors=FIND),
            endpoint("POST", f"{SCHEDULE}/suspend", self.suspend_schedule, "Make no runs for now", **found, errors=FIND),
            endpoint("POST", f"{SCHEDULE}/resume", self.resume_schedule, "Make runs again", **found, errors=FIND),
            endpoint("POST", f"{SCHEDULE}/run", self.run_schedule, "Make a run now", result=runs_wire.Run, status=201,
                     errors=(*SUBMIT, *FIND, ScheduleBusy)),
            endpoint("DELETE", SCHEDULE, self.delete_schedule, "End a schedule", status=204, errors=FIND),
        ]  # fmt: skip

    async def create_schedule(self, request: Request) -> Response:
        """Submit a specification at the times of a cron expression, in the caller's name. Inputs are pinned each time."""
        caller = await self._context.caller(request)
        asked = await read_json(request, schedules_wire.CreateSchedule)
        made = await self._schedules.create(
            caller, asked.cron, asked.spec, concurrency=asked.concurrency, suspended=asked.suspended,
            labels=asked.labels, secrets=asked.secrets,
        )  # fmt: skip
        return json_response(shown(made), 201, headers={"Location": f"{SCHEDULES}/{made.id}"})

    async def list_schedules(self, request: Request) -> Response:
        """The caller's schedules, newest first; an administrator sees everybody's."""
        caller, asked = await self._context.caller(request), read_query(request, schedules_wire.ScheduleQuery)
        query = model.ScheduleQuery(before=asked.cursor, limit=asked.limit + 1)
        found = await self._schedules.list(caller, query)
        items, more = found[: asked.limit], len(found) > asked.limit
        return page(request, [shown(item) for item in items], str(items[-1].id) if more else None)

    async def get_schedule(self, request: Request) -> Response:
        """A schedule: when it makes its next run, and what came of the last."""
        return await self._answer(request, self._schedules.find)

    async def suspend_schedule(self, request: Request) -> Response:
        """Make no runs until the schedule is resumed."""
        return await self._answer(request, self._schedules.suspend)

    async def resume_schedule(self, request: Request) -> Response:
        """Make runs again, from the next time on."""
        return await self._answer(request, self._schedules.resume)

    async def run_schedule(self, request: Request) -> Response:
        """One run now, beside the times; 409 where runs may not overlap and the last has not ended."""
        caller = await self._context.caller(request)
        run = await self._schedules.run_now(caller, schedule_id(request))
        return json_response(run_shown(run), 201, headers={"Location": f"{RUNS}/{run.id}"})

    async def delete_schedule(self, request: Request) -> Response:
        """End a schedule; its runs stay."""
        caller = await self._context.caller(request)
        await self._schedules.delete(caller, schedule_id(request))
        return Response(status_code=204)

    async def _answer(self, request: Request, call: Callable[[Principal, int], Awaitable[model.Schedule]]) -> Response:
        caller = await self._context.caller(request)
        return json_response(shown(await call(caller, schedule_id(request))))


def schedule_id(request: Request) -> int:
    """The schedule the path names; :class:`ScheduleNotFound` for what is no number."""
    text = request.path_params["schedule"]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ScheduleNotFound(schedule=text[:40])
    return int(text)
