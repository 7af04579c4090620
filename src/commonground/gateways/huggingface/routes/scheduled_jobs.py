"""Scheduled jobs: schedules, the way ``hf jobs scheduled`` asks for them."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.compute.runs.hardware import read_hardware
from commonground.compute.runs.schedules_model import Schedule, ScheduleQuery
from commonground.compute.runs.spec import parse
from commonground.database.clock import now_ms
from commonground.errors import ScheduleNotFound
from commonground.gateways.huggingface import jobs_wire
from commonground.gateways.huggingface.context import LISTED_LIMIT, Context, endpoint
from commonground.gateways.huggingface.jobs import document_of
from commonground.gateways.huggingface.routes.jobs import own_namespace
from commonground.http.bodies import read_json
from commonground.http.responses import json_response
from commonground.http.routing import Route

SCHEDULED = "/api/scheduled-jobs/{namespace}"
ONE = f"{SCHEDULED}/{{schedule}}"


class ScheduledJobRoutes:
    """Schedules of the caller's, in the namespace of their name."""

    def __init__(self, context: Context) -> None:
        self._context, self._schedules = context, context.schedules
        self._hardware = read_hardware(context.settings.jobs_hardware)

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [
            endpoint("POST", SCHEDULED, self.create, "Run a job again and again"),
            endpoint("GET", SCHEDULED, self.list, "List scheduled jobs", query=("label",)),
            endpoint("GET", ONE, self.inspect, "Look at a scheduled job"),
            endpoint("DELETE", ONE, self.delete, "End a scheduled job"),
            endpoint("POST", f"{ONE}/suspend", self.suspend, "Run it no more for now"),
            endpoint("POST", f"{ONE}/resume", self.resume, "Run it again"),
            endpoint("POST", f"{ONE}/schedule", self.reschedule, "Run it at other times"),
            endpoint("POST", f"{ONE}/run", self.run, "Run it now"),
            endpoint("PUT", f"{ONE}/labels", self.labels, "Give its jobs other labels"),
        ]

    async def create(self, request: Request) -> Response:
        """Queue a job at the times of a cron expression. Unless it says otherwise its runs do not overlap."""
        caller = await own_namespace(self._context, request)
        asked = await read_json(request, jobs_wire.ScheduledJob)
        on_host = self._context.settings.jobs_image == "host"
        document, secrets = document_of(asked.job_spec, self._hardware, on_host=on_host)
        made = await self._schedules.create(
            caller, asked.schedule, document, concurrency="allow" if asked.concurrency else "forbid",
            suspended=bool(asked.suspend), labels=asked.job_spec.labels or {}, secrets=secrets,
        )  # fmt: skip
        return _answer(made)

    async def list(self, request: Request) -> Response:
        """The schedules of a namespace, newest first, at most a thousand."""
        caller = await self._context.caller(request)
        query = ScheduleQuery(owner=request.path_params["namespace"], limit=LISTED_LIMIT)
        found = await self._schedules.list(caller, query)
        wanted = dict(text.partition("=")[::2] for text in request.query_params.getlist("label"))
        return json_response([_shown(one) for one in found if wanted.items() <= one.labels.items()])

    async def inspect(self, request: Request) -> Response:
        """A scheduled job: its last run and its next."""
        return _answer((await self._found(request))[1])

    async def delete(self, request: Request) -> Response:
        """End it; its jobs stay."""
        caller, found = await self._found(request)
        await self._schedules.delete(caller, found.id)
        return json_response({})

    async def suspend(self, request: Request) -> Response:
        """Make no jobs until it is resumed."""
        caller, found = await self._found(request)
        return _answer(await self._schedules.suspend(caller, found.id))

    async def resume(self, request: Request) -> Response:
        """Make jobs again, from the next time on."""
        caller, found = await self._found(request)
        return _answer(await self._schedules.resume(caller, found.id))

    async def reschedule(self, request: Request) -> Response:
        """Other times."""
        caller, found = await self._found(request)
        asked = await read_json(request, jobs_wire.Reschedule)
        return _answer(await self._schedules.reschedule(caller, found.id, asked.schedule))

    async def run(self, request: Request) -> Response:
        """One job now; 409 where jobs may not overlap and one has not ended."""
        caller, found = await self._found(request)
        return json_response(jobs_wire.job(await self._schedules.run_now(caller, found.id), now_ms()))

    async def labels(self, request: Request) -> Response:
        """Replace the labels."""
        caller, found = await self._found(request)
        asked = await read_json(request, jobs_wire.JobLabels)
        return _answer(await self._schedules.set_labels(caller, found.id, asked.labels))

    async def _found(self, request: Request) -> tuple[Principal, Schedule]:
        """The caller, and the schedule the path names; :class:`ScheduleNotFound`, also in another namespace."""
        caller, text = await self._context.caller(request), request.path_params["schedule"]
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise ScheduleNotFound(schedule=text[:40])
        found = await self._schedules.find(caller, int(text))
        if found.owner != request.path_params["namespace"]:
            raise ScheduleNotFound(schedule=text)
        return caller, found


def _answer(found: Schedule) -> Response:
    return json_response(_shown(found))


def _shown(found: Schedule) -> dict[str, object]:
    return jobs_wire.scheduled_job(found, parse(found.spec))
