"""Jobs: runs, the way ``hf jobs`` asks for them."""

import time
from collections.abc import AsyncIterator, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from commonground.accounts.model import Principal
from commonground.compute.runs.following import LogReader, follow
from commonground.compute.runs.hardware import read_hardware
from commonground.compute.runs.model import ENDED, LogBlock, Run, RunQuery, State
from commonground.database.clock import now_ms
from commonground.errors import BadRequest, Forbidden, InvalidCredentials, JobUnsupported, RunNotFound
from commonground.gateways.huggingface import jobs_wire
from commonground.gateways.huggingface.context import Context, endpoint, limit_of
from commonground.gateways.huggingface.jobs import document_of
from commonground.gateways.huggingface.wire import moment
from commonground.http.bodies import read_json
from commonground.http.identity import credentials
from commonground.http.responses import json_response
from commonground.http.routing import Route

JOBS = "/api/jobs/{namespace}"
JOB = f"{JOBS}/{{job}}"
PAGE_LIMIT = 100
KEEP_ALIVE = 15.0
TAIL_BYTES = 2**20
"""How far back ``tail`` reads."""


class JobRoutes:
    """Runs of the caller's, as jobs in the namespace of their name."""

    def __init__(self, context: Context) -> None:
        self._context, self._runs = context, context.runs
        self._hardware = read_hardware(context.settings.jobs_hardware)

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [
            endpoint("GET", "/api/jobs/hardware", self.hardware, "The hardware of jobs"),
            endpoint("POST", JOBS, self.run, "Run a job"),
            endpoint("GET", JOBS, self.list, "List jobs", query=("stage", "label", "limit", "cursor")),
            endpoint("GET", JOB, self.inspect, "Look at a job"),
            endpoint("GET", f"{JOB}/logs", self.logs, "Follow the log of a job", query=("tail",)),
            endpoint("GET", f"{JOB}/metrics", self.metrics, "The load of a job's machine, which is not measured here"),
            endpoint("GET", f"{JOB}/events", self.events, "Follow the stages of a job"),
            endpoint("POST", f"{JOB}/cancel", self.cancel, "End a job"),
            endpoint("POST", f"{JOB}/duplicate", self.duplicate, "Run a job once more"),
            endpoint("PUT", f"{JOB}/labels", self.labels, "Give a job other labels"),
            endpoint("PUT", f"{JOB}/expose", self.expose, "Expose ports, which there is not"),
        ]

    async def hardware(self, request: Request) -> Response:
        """The names a job may ask for, of the setting ``jobs_hardware``."""
        return json_response([jobs_wire.hardware(found) for found in self._hardware.values()])

    async def run(self, request: Request) -> Response:
        """Queue a job in the caller's own namespace."""
        caller = await own_namespace(self._context, request)
        asked = await read_json(request, jobs_wire.JobSpec)
        on_host = self._context.settings.jobs_image == "host"
        document, secrets = document_of(asked, self._hardware, on_host=on_host)
        run = await self._runs.submit(caller, document, labels=asked.labels or {}, secrets=secrets)
        return _answer(run)

    async def list(self, request: Request) -> Response:
        """The runs of a namespace, newest first."""
        caller, limit = await self._context.caller(request), limit_of(request, PAGE_LIMIT)
        stages = request.query_params.getlist("stage")
        if unknown := sorted(set(stages) - jobs_wire.STATES.keys() - {"DELETED"}):
            raise BadRequest(reason=f"there is no stage {unknown[0][:40]}")
        states = tuple(jobs_wire.STATES[stage] for stage in stages if stage in jobs_wire.STATES)
        labels = dict(text.partition("=")[::2] for text in request.query_params.getlist("label"))
        query = RunQuery(
            owner=request.path_params["namespace"],
            states=states,
            labels=labels,
            before=_cursor(request),
            limit=limit + 1,
        )
        found = await self._runs.list(caller, query) if states or not stages else []
        shown, more = found[:limit], len(found) > limit
        items = [jobs_wire.job(run, now_ms()) for run in shown]
        return self._context.page(request, items, str(shown[-1].id) if more else None)

    async def inspect(self, request: Request) -> Response:
        """A job, and what became of it."""
        return _answer((await self._found(request))[1])

    async def cancel(self, request: Request) -> Response:
        """End a job that waits or runs; one that has ended stays as it is."""
        caller, run = await self._found(request)
        return _answer(run if run.state in ENDED else await self._runs.cancel(caller, run.id))

    async def duplicate(self, request: Request) -> Response:
        """Queue the same job again."""
        caller, run = await self._found(request)
        return _answer(await self._runs.duplicate(caller, run.id))

    async def labels(self, request: Request) -> Response:
        """Replace the labels."""
        caller, run = await self._found(request)
        asked = await read_json(request, jobs_wire.JobLabels)
        return _answer(await self._runs.set_labels(caller, run.id, asked.labels))

    async def expose(self, request: Request) -> Response:
        """No port of a job is reached through this hub."""
        await self._found(request)
        raise JobUnsupported(what="exposed ports")

    async def metrics(self, request: Request) -> Response:
        """406, which the client takes for a job without such figures."""
        await self._found(request)
        return json_response({"error": "the load of machines is not measured here"}, 406)

    async def logs(self, request: Request) -> Response:
        """Server-sent events, each a line with its time, from the first on or the last ``tail`` lines, to the end."""
        caller, run = await self._found(request)
        tail = request.query_params.get("tail")
        if tail is not None and not (tail.isdigit() and len(tail) < 9):
            raise BadRequest(reason="tail must be a number")
        return _stream(self._lines(request, caller, run.id, None if tail is None else int(tail)))

    async def events(self, request: Request) -> Response:
        """Server-sent events, each a stage the job reached."""
        caller, run = await self._found(request)
        return _stream(self._stages(request, caller, run.id))

    async def _lines(self, request: Request, caller: Principal, run: int, tail: int | None) -> AsyncIterator[bytes]:
        splitter, after = _Lines(), 0
        if tail is not None:
            blocks = await self._runs.log_tail(caller, run, TAIL_BYTES)
            after = blocks[-1].number if blocks else 0
            found = [line for block in blocks for line in splitter.split(block)]
            yield b"".join(found[len(found) - min(tail, len(found)) :])
        async for batch in self._alive(request, LogReader(self._runs, caller, run, after)):
            yield b"".join(line for block in batch for line in splitter.split(block)) or b": keep-alive\n\n"
        yield b"".join(splitter.rest())

    async def _stages(self, request: Request, caller: Principal, run: int) -> AsyncIterator[bytes]:
        last = None
        async for _ in self._alive(request, LogReader(self._runs, caller, run, 0), every=0.0):
            state = (await self._runs.find(caller, run)).state
            if state != last:
                yield _stage(state)
            last = state
        state = (await self._runs.find(caller, run)).state
        if state != last:
            yield _stage(state)

    async def _alive(
        self, request: Request, reader: LogReader, every: float = KEEP_ALIVE
    ) -> AsyncIterator[Sequence[LogBlock]]:
        """Batches of a log, and an empty one every ``every`` seconds, when the credentials are checked again."""
        spoke = checked = time.monotonic()
        try:
            async for batch in follow(self._context.database.signals, reader):
                now = time.monotonic()
                if now - checked >= KEEP_ALIVE:
                    reader.caller, checked = await self._context.accounts.authenticate(credentials(request)), now
                if batch or now - spoke >= every:
                    spoke = now
                    yield batch
        except (InvalidCredentials, RunNotFound):  # a revoked token ends its stream
            return

    async def _found(self, request: Request) -> tuple[Principal, Run]:
        """The caller, and the job the path names; :class:`RunNotFound`, also in another namespace."""
        caller, text = await self._context.caller(request), request.path_params["job"]
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise RunNotFound(run=text[:40])
        run = await self._runs.find(caller, int(text))
        if run.owner != request.path_params["namespace"]:
            raise RunNotFound(run=text)
        return caller, run


class _Lines:
    """Cuts blocks into lines, each an event. What is no whole line yet waits for its end."""

    def __init__(self) -> None:
        self._rest: dict[str, str] = {}
        self._time = 0

    def split(self, block: LogBlock) -> list[bytes]:
        """The lines that end in a block."""
        *whole, rest = (self._rest.pop(block.stream, "") + block.text).split("\n")
        self._time = block.time
        if rest:
            self._rest[block.stream] = rest
        return [self._line(line) for line in whole]

    def rest(self) -> list[bytes]:
        """What has no end of line."""
        return [self._line(line) for line in self._rest.values()]

    def _line(self, line: str) -> bytes:
        return _event("log", {"timestamp": moment(self._time), "data": line.removesuffix("\r")})


async def own_namespace(context: Context, request: Request) -> Principal:
    """The caller, if the path names them; :class:`Forbidden`."""
    caller, name = await context.caller(request), request.path_params["namespace"]
    context.runs.check_submitter(caller)
    if caller.name != name:
        raise Forbidden(action="run jobs in", resource=f"the namespace {name[:96]}")
    return caller


def _answer(run: Run) -> Response:
    return json_response(jobs_wire.job(run, now_ms()))


def _stage(state: State) -> bytes:
    return _event("status", {"timestamp": moment(now_ms()), "stage": jobs_wire.STAGES[state]})


def _event(kind: str, data: dict[str, str]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), msgspec.json.encode(data))


def _stream(parts: AsyncIterator[bytes]) -> Response:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(parts, headers=headers, media_type="text/event-stream")


def _cursor(request: Request) -> int | None:
    text = request.query_params.get("cursor")
    if text is None:
        return None
    if not (text.isdigit() and len(text) < 19):
        raise BadRequest(reason="cursor is not one this server gave out")
    return int(text)
