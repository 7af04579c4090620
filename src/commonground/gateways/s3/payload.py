"""The body of a request as its bytes, whatever S3 wraps them in, verified while they pass.

A reader that does not reach the end has verified nothing: the checks of the whole come last, so nothing may be kept
before the stream ends without an error.
"""

import hashlib
from collections.abc import AsyncIterator

from starlette.requests import Request

from commonground.errors import PayloadTooLarge, SignatureMismatch, SizeMismatch
from commonground.gateways.s3 import checksums
from commonground.gateways.s3.callers import Caller
from commonground.gateways.s3.chunked import Chunks, Unsigned, Verifier
from commonground.gateways.s3.errors import refused
from commonground.gateways.s3.signature import UNSIGNED
from commonground.http.bodies import stream_body

LARGEST = 5 * 2**30
"""Most bytes of one request, as in S3."""
OVERHEAD = 2**26
"""What signatures of chunks may add to a body."""

SIGNED_STREAM = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_STREAM_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_STREAM_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


class Payload:
    """``async for part in payload``: the content; ``payload.checksums`` are the headers to answer with once it ended."""

    def __init__(self, request: Request, caller: Caller) -> None:
        wrapped = caller.payload.startswith("STREAMING-")
        self.size = _length(request, "x-amz-decoded-content-length" if wrapped else "content-length")
        self.checksums: dict[str, str] = {}
        self._request, self._caller = request, caller
        self._expected = checksums.announced(dict(request.headers))
        if self.size is not None and self.size > LARGEST:
            raise PayloadTooLarge(limit=LARGEST)

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The content in parts."""
        return self._verified()

    async def read(self, limit: int) -> bytes:
        """The whole content, verified; :class:`PayloadTooLarge` above ``limit`` bytes."""
        found = bytearray()
        async for part in self:
            found += part
            if len(found) > limit:
                raise PayloadTooLarge(limit=limit)
        return bytes(found)

    async def _verified(self) -> AsyncIterator[bytes]:
        received = 0
        async for part in self._parts():
            received += len(part)
            if received > LARGEST or (self.size is not None and received > self.size):
                raise SizeMismatch(actual=f"at least {received}", expected=self.size)
            self._expected.update(part)
            yield part
        if self.size is not None and received != self.size:
            raise SizeMismatch(actual=received, expected=self.size)
        self.checksums = self._expected.check()

    def _parts(self) -> AsyncIterator[bytes]:
        """The content as it arrives, unwrapped."""
        kind = self._caller.payload
        raw = stream_body(self._request, LARGEST + OVERHEAD)
        if kind == UNSIGNED_STREAM_TRAILER:
            return Chunks(raw, Unsigned(), self._expected).parts()
        if kind in {SIGNED_STREAM, SIGNED_STREAM_TRAILER}:
            return Chunks(raw, self._verifier(), self._expected).parts()
        if kind != UNSIGNED:
            self._expected.want("x-amz-content-sha256", hashlib.sha256, _hex(kind))
        return raw

    def _verifier(self) -> Verifier:
        if self._caller.claims is None:
            raise SignatureMismatch
        return Verifier(self._caller.key, self._caller.claims)


def _hex(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 32 or len(text) != 64:
        raise refused("InvalidArgument", "x-amz-content-sha256 is neither a SHA-256 nor a word of S3")
    return found


def _length(request: Request, name: str) -> int | None:
    """The length of the content that a header announces; ``None`` without it."""
    given = request.headers.get(name)
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise refused("InvalidArgument", "the length of the body is not a number")
    return int(given)
