"""``aws-chunked``: chunks with their length, in signed streams each with a signature that follows the one before, and
trailers behind the last one.
"""

import hashlib
import hmac
import re
from collections.abc import AsyncIterator
from typing import Protocol

from commonground.errors import SignatureMismatch
from commonground.gateways.s3.checksums import PREFIX, Expected
from commonground.gateways.s3.errors import refused
from commonground.gateways.s3.signature import Signed, chunk_signature, trailer_signature

LINE_LIMIT = 1024
"""Longest line between chunks, in bytes."""
TRAILERS_LIMIT = 8

_HEAD = re.compile(rb"([0-9A-Fa-f]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?")
TRAILER_SIGNATURE = "x-amz-trailer-signature"


class ChunkCheck(Protocol):
    """Checks the chunks of a stream one after the other."""

    def begin(self, signature: str | None) -> None:
        """A chunk begins."""
        ...

    def update(self, data: bytes) -> None:
        """Bytes of it."""
        ...

    def end(self) -> None:
        """It ends; :class:`SignatureMismatch`."""
        ...

    def trailers(self, lines: list[str], signature: str | None) -> None:
        """The trailers of the stream, in order."""
        ...


class Unsigned:
    """Chunks without signatures."""

    def begin(self, signature: str | None) -> None:
        """Nothing to check."""

    def update(self, data: bytes) -> None:
        """Nothing to check."""

    def end(self) -> None:
        """Nothing to check."""

    def trailers(self, lines: list[str], signature: str | None) -> None:
        """Nothing to check."""


class Verifier:
    """Chunks signed with ``key``; the first signature follows that of the request."""

    def __init__(self, key: bytes, claims: Signed) -> None:
        self._key, self._claims = key, claims
        self._previous, self._given = claims.signature, ""
        self._digest = hashlib.sha256()

    def begin(self, signature: str | None) -> None:
        """A chunk begins, with its signature."""
        if signature is None:
            raise SignatureMismatch
        self._given, self._digest = signature, hashlib.sha256()

    def update(self, data: bytes) -> None:
        """Bytes of it."""
        self._digest.update(data)

    def end(self) -> None:
        """It ends; :class:`SignatureMismatch`."""
        made = chunk_signature(self._key, self._claims, self._previous, self._digest.hexdigest())
        if not hmac.compare_digest(made, self._given):
            raise SignatureMismatch
        self._previous = made

    def trailers(self, lines: list[str], signature: str | None) -> None:
        """The trailers, which have a signature together."""
        if not lines and signature is None:
            return
        digest = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
        made = trailer_signature(self._key, self._claims, self._previous, digest)
        if signature is None or not hmac.compare_digest(made, signature):
            raise SignatureMismatch


class Chunks:
    """Unwraps a stream. Memory is bounded by what arrives at a time."""

    def __init__(self, raw: AsyncIterator[bytes], check: ChunkCheck, expected: Expected) -> None:
        self._raw, self._check, self._expected = raw, check, expected
        self._buffer = b""

    async def parts(self) -> AsyncIterator[bytes]:
        """The content of the chunks; their end and the trailers are checked before it ends."""
        while size := await self._head():
            while size:
                part = await self._some(size)
                size -= len(part)
                self._check.update(part)
                yield part
            self._check.end()
            if await self._line():
                raise _broken()
        self._check.end()
        await self._trailers()

    async def _head(self) -> int:
        match = _HEAD.fullmatch(await self._line())
        if match is None:
            raise _broken()
        self._check.begin(match[2].decode() if match[2] else None)
        return int(match[1], 16)

    async def _trailers(self) -> None:
        lines: list[str] = []
        signature: str | None = None
        while line := await self._line(last=True):
            name, colon, value = line.decode("latin-1").partition(":")
            name, value = name.strip().lower(), value.strip()
            if not colon or len(lines) == TRAILERS_LIMIT or not value.isascii():
                raise _broken()
            if name == TRAILER_SIGNATURE:
                signature = value
            else:
                lines.append(f"{name}:{value}")
        self._check.trailers(lines, signature)
        for name, _, value in (line.partition(":") for line in lines):
            if name.startswith(PREFIX):
                self._expected.give(name, value)

    async def _some(self, most: int) -> bytes:
        if not self._buffer:
            self._buffer = await anext(self._raw, b"")
        if not self._buffer:
            raise _broken()
        part, self._buffer = self._buffer[:most], self._buffer[most:]
        return part

    async def _line(self, *, last: bool = False) -> bytes:
        """The next line without its end. The ``last`` one may lack it: some clients leave the final one out."""
        while b"\n" not in self._buffer:
            if len(self._buffer) > LINE_LIMIT:
                raise _broken()
            more = await anext(self._raw, b"")
            if not more:
                if not last:
                    raise _broken()
                break
            self._buffer += more
        line, _, self._buffer = self._buffer.partition(b"\n")
        if len(line) > LINE_LIMIT:
            raise _broken()
        return line.removesuffix(b"\r")


def _broken() -> Exception:
    return refused("IncompleteBody", "the body is not aws-chunked")
