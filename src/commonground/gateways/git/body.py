"""Request bodies of git: plain or gzip, kept in a temporary file."""

import tempfile
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, cast

from starlette.requests import Request

from commonground.errors import BadRequest, PayloadTooLarge
from commonground.http.bodies import stream_body

_PIECE = 2**18
_IN_MEMORY = 2**20


async def receive_body(request: Request, limit: int, folder: Path) -> BinaryIO:
    """The body as a file at its start, gone when it is closed. :class:`PayloadTooLarge` above ``limit`` bytes, before
    or after decompression.
    """
    file = cast("BinaryIO", tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(folder)))  # noqa: SIM115
    try:
        size = 0
        async for part in _plain(request, limit):
            size += len(part)
            if size > limit:
                raise PayloadTooLarge(limit=limit)
            file.write(part)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


async def _plain(request: Request, limit: int) -> AsyncIterator[bytes]:
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in {"gzip", "x-gzip", "identity"}:
        raise BadRequest(reason=f"the content encoding {encoding[:40]} is not understood")
    parts = stream_body(request, limit)
    async for part in parts if encoding == "identity" else _gunzip(parts):
        yield part


async def _gunzip(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    inflater = zlib.decompressobj(wbits=31)
    try:
        async for part in parts:
            data = part
            while data and not inflater.eof:
                yield inflater.decompress(data, _PIECE)
                data = inflater.unconsumed_tail
        while not inflater.eof and (part := inflater.decompress(b"", _PIECE)):
            yield part
    except zlib.error:
        raise BadRequest(reason="the gzip body is damaged") from None
    if not inflater.eof:
        raise BadRequest(reason="the gzip body is cut off")
