"""Reading request bodies with a bound, and decoding them into typed values."""

from collections.abc import AsyncIterator
from typing import TypeVar

import msgspec
from starlette.requests import Request

from commonground.errors import BadRequest, PayloadTooLarge

T = TypeVar("T")

JSON_LIMIT = 4 * 2**20
_LENGTH_DIGITS = 18


async def read_body(request: Request, limit: int = JSON_LIMIT) -> bytes:
    """The whole body; :class:`PayloadTooLarge` above ``limit`` bytes."""
    return b"".join([part async for part in stream_body(request, limit)])


async def stream_body(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body in parts as they arrive; :class:`PayloadTooLarge` above ``limit`` bytes."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > _LENGTH_DIGITS or int(announced) > limit):
        raise PayloadTooLarge(limit=limit)
    received = 0
    async for part in request.stream():
        received += len(part)
        if received > limit:
            raise PayloadTooLarge(limit=limit)
        if part:
            yield part


async def read_json(request: Request, kind: type[T], limit: int = JSON_LIMIT) -> T:
    """The JSON body as ``kind``; an empty body counts as ``{}``. :class:`BadRequest` says what does not fit."""
    return decode_json(await read_body(request, limit) or b"{}", kind)


def decode_json(data: bytes, kind: type[T]) -> T:
    """``data`` as ``kind``; :class:`BadRequest` says what does not fit."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadRequest(reason=f"the JSON body does not fit: {error}") from None
