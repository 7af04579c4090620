"""Sending one file: full, by range, only its headers, or nothing when the caller has it (RFC 9110)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from commonground.http.ranges import parse_ranges

Reader: TypeAlias = Callable[[int, int], AsyncIterator[bytes]]

SMALL = 256 * 2**10
"""Up to this many bytes an answer is sent in one piece."""

UNTRUSTED = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
"""Headers that keep content written by users from running on our origin."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """A file to send. ``read(start, end)`` streams its bytes; ``local()``, where given, is the whole file on this disk
    or ``None``; ``etag`` is unquoted.
    """

    size: int
    etag: str
    media_type: str
    read: Reader
    local: Callable[[], Awaitable[Path | None]] | None = None


async def send_file(request: Request, content: Content, headers: Mapping[str, str]) -> Response:
    """The answer to ``GET`` or ``HEAD`` of ``content``: 200, 206, 304.

    Several ranges in one request are answered with the whole file, as the standard allows. Raises
    :class:`RangeNotSatisfiable`, and what ``read`` raises before its first part.
    """
    tagged = {**headers, "ETag": f'"{content.etag}"', "Accept-Ranges": "bytes"}
    if not_modified(request, content.etag):
        return Response(status_code=304, headers=tagged)
    if request.method == "HEAD":
        return HeadersOnly(200, _sized(tagged, content.size, content.media_type))
    ranges = parse_ranges(_range_header(request, content.etag), content.size)
    if ranges is None or len(ranges) > 1:
        return await _whole(request, content, tagged)
    start, end = ranges[0]
    tagged["Content-Range"] = f"bytes {start}-{end - 1}/{content.size}"
    return await _send(content, start, end, 206, tagged)


def not_modified(request: Request, etag: str) -> bool:
    """Whether ``If-None-Match`` says that the caller has the content with this tag."""
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    return any(tag.strip().removeprefix("W/").strip('"') in {etag, "*"} for tag in given.split(","))


def disposition(filename: str, *, attachment: bool = False) -> str:
    """A ``Content-Disposition`` that names the file in ASCII and, where that is not enough, in UTF-8 (RFC 6266)."""
    kind = "attachment" if attachment else "inline"
    plain = "".join(c if " " <= c <= "~" and c not in '"\\' else "_" for c in filename)
    extended = "" if plain == filename else f"filename*=UTF-8''{_percent(filename)}; "
    return f'{kind}; {extended}filename="{plain}";'


class HeadersOnly(Response):
    """The answer to ``HEAD``: ``Content-Length`` names the length of a body that is not sent."""

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        self.status_code = status
        self.background = None
        self.raw_headers = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": b""})


class LocalFile(HeadersOnly):
    """A whole file of the local disk, sent by the server without passing through Python."""

    def __init__(self, path: Path, headers: Mapping[str, str]) -> None:
        super().__init__(200, headers)
        self.path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers and hand the path to the server."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.pathsend", "path": str(self.path)})


async def _whole(request: Request, content: Content, headers: dict[str, str]) -> Response:
    if content.local is not None and "http.response.pathsend" in request.scope.get("extensions", {}):
        path = await content.local()
        if path is not None:
            return LocalFile(path, _sized(headers, content.size, content.media_type))
    return await _send(content, 0, content.size, 200, headers)


async def _send(content: Content, start: int, end: int, status: int, headers: dict[str, str]) -> Response:
    """Small parts in one piece. For others the first part is waited for: what goes wrong before it still gets a
    proper status.
    """
    sized = _sized(headers, end - start, content.media_type)
    parts = content.read(start, end)
    if end - start <= SMALL:
        return Response(b"".join([part async for part in parts]), status, sized)
    first = await anext(parts, b"")
    return StreamingResponse(_chain(first, parts), status, sized)


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part


def _range_header(request: Request, etag: str) -> str | None:
    condition = request.headers.get("if-range")
    if condition is not None and condition.strip('"') != etag:
        return None
    return request.headers.get("range")


def _sized(headers: Mapping[str, str], size: int, media_type: str) -> dict[str, str]:
    return {**headers, "Content-Length": str(size), "Content-Type": media_type}


def _percent(text: str) -> str:
    return "".join(chr(b) if chr(b).isascii() and chr(b).isalnum() else f"%{b:02X}" for b in text.encode())
