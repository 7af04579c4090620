"""The log and the metrics of a run, as server-sent events."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from commonground.compute.runs.following import POLL, LogReader, MetricReader, Reader, follow
from commonground.compute.runs.model import LogBlock, Point
from commonground.errors import InvalidCredentials, RunNotFound, TooManyRequests
from commonground.gateways.native import wire
from commonground.gateways.native import wire_runs as runs_wire
from commonground.gateways.native.context import Context, endpoint
from commonground.gateways.native.routes.events import last_event
from commonground.gateways.native.routes.runs import FIND, RUN, run_id
from commonground.http.identity import credentials
from commonground.http.parameters import read_query
from commonground.http.routing import Route

T = TypeVar("T")
STREAMS = 200
"""Streams open at once, per process."""
HEARTBEAT = 15.0
"""Seconds after which a silent stream shows that it lives, and the caller's credentials are checked again."""
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class RunLogRoutes:
    """Streams of what a run reports."""

    def __init__(self, context: Context, heartbeat: float = HEARTBEAT) -> None:
        self._context, self._heartbeat = context, heartbeat
        self._services, self._runs = context.services, context.services.runs
        self._open = 0

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        stream = {"result": wire.EventMessage, "media_type": "text/event-stream", "errors": (*FIND, TooManyRequests)}
        return [
            endpoint("GET", f"{RUN}/logs", self.list_run_logs, "Follow the log of a run", query=runs_wire.LogQuery,
                     **stream),
            endpoint("GET", f"{RUN}/metrics/stream", self.follow_run_metrics, "Follow the metrics of a run",
                     query=runs_wire.MetricLogQuery, **stream),
        ]  # fmt: skip

    async def list_run_logs(self, request: Request) -> Response:
        """Server-sent events, each a block of lines with its number as id; `Last-Event-ID` continues a stream that
        broke. The last event, `end`, holds the state the run ended in; without `follow` it comes at the end of what is there.
        """
        caller, asked = await self._context.caller(request), read_query(request, runs_wire.LogQuery)
        after = last_event(request)
        place = min(asked.after if after is None else after, 2**31 - 1)
        reader = LogReader(self._runs, caller, run_id(request), place)
        return await self._answer(request, reader, _log_event, following=asked.follow)

    async def follow_run_metrics(self, request: Request) -> Response:
        """Server-sent events, each a value of a metric (`key`, `step`, `value`, `time`) with its place as id;
        `Last-Event-ID` continues a stream that broke. The last event is `end`, as in the log.
        """
        caller, asked = await self._context.caller(request), read_query(request, runs_wire.MetricLogQuery)
        after = last_event(request)
        place = min(asked.after if after is None else after, wire.MOST)
        reader = MetricReader(self._runs, caller, run_id(request), place)
        return await self._answer(request, reader, _metric_event, following=asked.follow)

    async def _answer(
        self, request: Request, reader: Reader[T], encode: Callable[[T], bytes], *, following: bool
    ) -> Response:
        await self._runs.find(reader.caller, reader.run)
        if self._open >= STREAMS:
            raise TooManyRequests(resource="log streams", seconds=30)
        stream = self._stream(request, reader, encode, following=following)
        return StreamingResponse(stream, headers=_HEADERS, media_type="text/event-stream")

    async def _stream(
        self, request: Request, reader: Reader[T], encode: Callable[[T], bytes], *, following: bool
    ) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            with suppress(InvalidCredentials, RunNotFound):  # a revoked token ends its stream
                async for part in self._parts(request, reader, encode, following=following):
                    yield part
        finally:
            self._open -= 1

    async def _parts(
        self, request: Request, reader: Reader[T], encode: Callable[[T], bytes], *, following: bool
    ) -> AsyncIterator[bytes]:
        checked = time.monotonic()
        async for batch in follow(self._services.database.signals, reader, min(POLL, self._heartbeat)):
            if batch:
                yield b"".join(map(encode, batch))
            elif not following:
                break
            if time.monotonic() - checked >= self._heartbeat:
                reader.caller = await self._services.accounts.authenticate(credentials(request))
                checked = time.monotonic()
                yield b": heartbeat\n\n"
        state = (await self._runs.find(reader.caller, reader.run)).state
        yield b"event: end\ndata: %s\n\n" % msgspec.json.encode({"state": state})


def _log_event(block: LogBlock) -> bytes:
    return b"id: %d\nevent: log\ndata: %s\n\n" % (block.number, msgspec.json.encode(block))


def _metric_event(point: Point) -> bytes:
    return b"id: %d\nevent: metric\ndata: %s\n\n" % (point.id, msgspec.json.encode(runs_wire.metric(point)))
