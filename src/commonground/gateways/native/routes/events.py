"""What happens on the hub, as server-sent events."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from commonground.accounts.model import Principal
from commonground.database import events
from commonground.errors import BadRequest, InvalidCredentials, TooManyRequests
from commonground.gateways.native import errors, wire
from commonground.gateways.native.context import Context, endpoint
from commonground.http.identity import credentials
from commonground.http.parameters import read_query
from commonground.http.routing import Route

STREAMS = 200
"""Streams open at once, per process."""

HEARTBEAT = 15.0
"""Seconds after which a silent stream shows that it lives, and the caller's credentials are checked again."""

POLL = 1.0
"""Seconds after which events of other processes are looked for."""


class EventRoutes:
    """A stream of the events the caller may know of."""

    def __init__(self, context: Context, heartbeat: float = HEARTBEAT) -> None:
        self._context = context
        self._services = context.services
        self._heartbeat = heartbeat
        self._open = 0

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [
            endpoint("GET", f"{wire.API}/events", self.list_events, "Follow what happens",
                     query=wire.EventQuery, result=wire.EventMessage, media_type="text/event-stream",
                     errors=(*errors.SIGNED_IN, TooManyRequests)),
        ]  # fmt: skip

    async def list_events(self, request: Request) -> Response:
        """Server-sent events, each with its id, kind and JSON; ``Last-Event-ID`` continues a stream that broke."""
        caller = await self._context.caller(request)
        asked = read_query(request, wire.EventQuery)
        if self._open >= STREAMS:
            raise TooManyRequests(resource="event streams", seconds=30)
        position = last_event(request)
        if position is None:
            position = asked.after if asked.after is not None or asked.follow else 0
        if position is None:
            position = await self._services.database.lookup(events.last_position)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            self._stream(request, caller, asked, position), headers=headers, media_type="text/event-stream"
        )

    async def _stream(
        self, request: Request, caller: Principal, asked: wire.EventQuery, position: int
    ) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            with suppress(InvalidCredentials):  # a revoked token ends its stream
                async for part in self._parts(request, caller, asked, position):
                    yield part
        finally:
            self._open -= 1

    async def _parts(
        self, request: Request, caller: Principal, asked: wire.EventQuery, position: int
    ) -> AsyncIterator[bytes]:
        database, checked = self._services.database, time.monotonic()
        with database.signals.listen(events.SIGNAL) as woken:
            while True:
                woken.clear()
                found, position = await database.read(events.read_next, position, asked.kind)
                for event in await self._visible(caller, found):
                    yield _encode(event)
                if not found:
                    if not asked.follow:
                        return
                    with suppress(TimeoutError):
                        await asyncio.wait_for(woken.wait(), min(POLL, self._heartbeat))
                if time.monotonic() - checked >= self._heartbeat:
                    caller, checked = await self._services.accounts.authenticate(credentials(request)), time.monotonic()
                    yield b": heartbeat\nid: %d\n\n" % position

    async def _visible(self, caller: Principal, found: Sequence[events.Event]) -> list[wire.Event]:
        """The events about repositories the caller may know of; a deleted one stays known by what it was."""
        about = {event.position: event.payload.get("repository_id") for event in found}
        known = await self._services.repositories.known(caller, [i for i in set(about.values()) if i is not None])
        seen = [event for event in found if about[event.position] in known]
        authors = await self._services.accounts.by_ids([e.account_id for e in seen if e.account_id is not None])
        names = {identity: account.name for identity, account in authors.items()}
        return [_event(event, names.get(event.account_id or 0)) for event in seen]


def _event(found: events.Event, account: str | None) -> wire.Event:
    payload = {name: value for name, value in found.payload.items() if name != "repository_id"}
    return wire.Event(
        id=found.position,
        kind=found.kind,
        subject=found.subject,
        account=account,
        payload=payload,
        created_at=found.created_at,
    )


def _encode(event: wire.Event) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.kind.encode(), msgspec.json.encode(event))


def last_event(request: Request) -> int | None:
    """The id of the last event a client has; :class:`BadRequest` where it is none."""
    given = request.headers.get("last-event-id")
    if given is None:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise BadRequest(reason="Last-Event-ID is not an id of this stream")
    return int(given)
