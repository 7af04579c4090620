"""The log of a run, as server-sent events."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from commonground.accounts.model import Principal
from commonground.compute.runs.model import ENDED, LogBlock
from commonground.compute.runs.queries import LOG_SIGNAL
from commonground.errors import InvalidCredentials, RunNotFound, TooManyRequests
from commonground.gateways.native import wire
from commonground.gateways.native import wire_runs as runs_wire
from commonground.gateways.native.context import Context, endpoint
from commonground.gateways.native.routes.events import last_event
from commonground.gateways.native.routes.runs import FIND, RUN, run_id
from commonground.http.identity import credentials
from commonground.http.parameters import read_query
from commonground.http.routing import Route

STREAMS = 200
"""Streams open at once, per process."""
HEARTBEAT = 15.0
"""Seconds after which a silent stream shows that it lives, and the caller's credentials are checked again."""
POLL = 1.0
"""Seconds after which blocks written by other processes are looked for."""
BLOCKS = 16
"""Blocks read at a time: 1 MiB."""


class RunLogRoutes:
    """A stream of the blocks of a log."""

    def __init__(self, context: Context, heartbeat: float = HEARTBEAT) -> None:
        self._context, self._heartbeat = context, heartbeat
        self._services, self._runs = context.services, context.services.runs
        self._open = 0

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [
            endpoint("GET", f"{RUN}/logs", self.list_run_logs, "Follow the log of a run",
                     query=runs_wire.LogQuery, result=wire.EventMessage, media_type="text/event-stream",
                     errors=(*FIND, TooManyRequests)),
        ]  # fmt: skip

    async def list_run_logs(self, request: Request) -> Response:
        """Server-sent events, each a block of lines with its number as id; `Last-Event-ID` continues a stream that
        broke. The last event, `end`, holds the state the run ended in; without `follow` it comes at the end of what is there.
        """
        caller, asked = await self._context.caller(request), read_query(request, runs_wire.LogQuery)
        number = run_id(request)
        await self._runs.find(caller, number)
        if self._open >= STREAMS:
            raise TooManyRequests(resource="log streams", seconds=30)
        after = last_event(request)
        stream = self._stream(request, caller, number, asked.after if after is None else after, follow=asked.follow)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(stream, headers=headers, media_type="text/event-stream")

    async def _stream(
        self, request: Request, caller: Principal, run: int, after: int, *, follow: bool
    ) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            with suppress(InvalidCredentials, RunNotFound):  # a revoked token ends its stream
                async for part in self._parts(request, caller, run, min(after, 2**31 - 1), follow=follow):
                    yield part
        finally:
            self._open -= 1

    async def _parts(
        self, request: Request, caller: Principal, run: int, after: int, *, follow: bool
    ) -> AsyncIterator[bytes]:
        checked = time.monotonic()
        with self._services.database.signals.listen(LOG_SIGNAL) as woken:
            while True:
                woken.clear()
                state = (await self._runs.find(caller, run)).state  # before the blocks: none comes behind the end
                blocks = await self._runs.logs(caller, run, after, BLOCKS)
                for block in blocks:
                    after = block.number
                    yield _encode(block)
                if not blocks and (state in ENDED or not follow):
                    yield b"event: end\ndata: %s\n\n" % msgspec.json.encode({"state": state})
                    return
                if not blocks:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(woken.wait(), min(POLL, self._heartbeat))
                if time.monotonic() - checked >= self._heartbeat:
                    caller, checked = await self._services.accounts.authenticate(credentials(request)), time.monotonic()
                    yield b": heartbeat\n\n"


def _encode(block: LogBlock) -> bytes:
    return b"id: %d\nevent: log\ndata: %s\n\n" % (block.number, msgspec.json.encode(block))
