"""Sending bytes of a xorb: a whole local file without copying it, one range, or several as multipart/byteranges."""

import secrets
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from commonground.gateways.xet.wire import Ranges
from commonground.http.files import HeadersOnly, LocalFile
from commonground.store.service import Store

_MEDIA_TYPE = "application/octet-stream"


async def send_xorb(request: Request, store: Store, xorb_hash: bytes, size: int, asked: Ranges | None) -> Response:
    """The answer to a read of these ranges (``None``: all) of a xorb of ``size`` bytes.

    :class:`CorruptBlob` before the first byte of damaged content.
    """
    ranges = asked or [(0, size)]
    headers = {"Content-Type": _MEDIA_TYPE, "Accept-Ranges": "bytes", "Content-Length": str(_total(ranges))}
    headers["Cache-Control"] = "private, immutable, max-age=3600"
    if len(ranges) > 1:
        return await _multipart(store, xorb_hash, size, ranges, headers)
    start, end = ranges[0]
    if asked:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    status = 206 if asked else 200
    if request.method == "HEAD":
        return HeadersOnly(status, headers)
    if (start, end) == (0, size) and "http.response.pathsend" in request.scope.get("extensions", {}):
        path = await store.xorbs.intact_path(xorb_hash)
        if path is not None:
            answer = LocalFile(path, headers)
            answer.status_code = status
            return answer
    return await _stream(store.stream_xorb(xorb_hash, ranges), status, headers)


async def _multipart(store: Store, xorb_hash: bytes, size: int, ranges: Ranges, headers: dict[str, str]) -> Response:
    boundary = secrets.token_hex(16)
    heads = [
        f"--{boundary}\r\nContent-Type: {_MEDIA_TYPE}\r\nContent-Range: bytes {s}-{e - 1}/{size}\r\n\r\n".encode()
        for s, e in ranges
    ]
    tail = f"--{boundary}--\r\n".encode()

    async def parts() -> AsyncIterator[bytes]:
        for head, span in zip(heads, ranges, strict=True):
            first = True
            async for part in store.stream_xorb(xorb_hash, [span]):
                yield head + part if first else part
                first = False
            yield b"\r\n"
        yield tail

    length = sum(map(len, heads)) + _total(ranges) + 2 * len(ranges) + len(tail)
    headers |= {"Content-Type": f"multipart/byteranges; boundary={boundary}", "Content-Length": str(length)}
    return await _stream(parts(), 206, headers)


async def _stream(parts: AsyncIterator[bytes], status: int, headers: dict[str, str]) -> Response:
    """Wait for the first part: what goes wrong before it still gets a proper status."""
    first = await anext(parts, b"")

    async def body() -> AsyncIterator[bytes]:
        yield first
        async for part in parts:
            yield part

    return StreamingResponse(body(), status, headers)


def _total(ranges: Ranges) -> int:
    return sum(end - start for start, end in ranges)
