"""One HTTP/1.1 connection of a local client. h11 knows the protocol, this module moves the bytes."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Self, TypeAlias

import h11
import msgspec

Headers: TypeAlias = list[tuple[bytes, bytes]]

HEAD_LIMIT = 64 * 2**10
"""Most bytes of a request line with its headers."""
PART = 2**16
IDLE_SECONDS = 60.0
"""How long a client may send nothing."""


class Call(msgspec.Struct, frozen=True):
    """The head of a request. ``target`` is as it was sent, header names are in lower case."""

    method: str
    target: str
    headers: Headers

    def header(self, name: bytes) -> str:
        """The first header of this name, or the empty text."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name), "")


class Connection:
    """Calls come in one after the other; each is answered before the next is read.

    Raises ``h11.RemoteProtocolError`` for what is not HTTP, ``OSError`` and ``TimeoutError`` for a client that is gone.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)

    async def next_call(self) -> Call | None:
        """The next request, or ``None`` where the client is done."""
        if self._http.our_state is h11.DONE:
            async for _ in self.body():
                pass
            self._http.start_next_cycle()
        if self._http.our_state is not h11.IDLE:
            return None
        event = await self._event()
        if not isinstance(event, h11.Request):
            return None
        return Call(event.method.decode("ascii"), event.target.decode("ascii"), list(event.headers))

    async def body(self) -> AsyncIterator[bytes]:
        """The body of the call, in parts as they arrive."""
        if self._http.they_are_waiting_for_100_continue:
            await self._send(h11.InformationalResponse(status_code=100, headers=[]))
        while self._http.their_state is h11.SEND_BODY:
            event = await self._event()
            if isinstance(event, h11.Data):
                yield bytes(event.data)

    async def begin(self, status: int, headers: Headers) -> None:
        """Send the head of the answer."""
        await self._send(h11.Response(status_code=status, headers=headers))

    async def send(self, part: bytes) -> None:
        """Send a part of the answer's body."""
        await self._send(h11.Data(data=part))

    async def end(self) -> None:
        """Finish the answer."""
        await self._send(h11.EndOfMessage())

    async def answer(
        self, status: int, body: bytes = b"", media_type: str = "text/plain", *, head: bool = False
    ) -> None:
        """A whole answer; with ``head`` only its headers."""
        await self.begin(status, [(b"content-type", media_type.encode()), (b"content-length", b"%d" % len(body))])
        if body and not head:
            await self.send(body)
        await self.end()

    async def secured(self, context: ssl.SSLContext) -> Self:
        """Accept a ``CONNECT``, and be the TLS server the client talks to next."""
        if self._http.trailing_data[0]:
            raise h11.RemoteProtocolError("the client did not wait for the tunnel")
        await self.begin(200, [])
        await self.writer.start_tls(context)
        return type(self)(self._reader, self.writer)

    async def _send(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self.writer.write(data)
            await self.writer.drain()

    async def _event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await asyncio.wait_for(self._reader.read(PART), IDLE_SECONDS))
        return event
