"""What travels: bodies, hashes, ranges and signed addresses of the Xet protocol."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from commonground.errors import BadRequest, RangeNotSatisfiable
from commonground.store.xet.hashing import from_hex
from commonground.store.xet.reconstruction import FetchAnswer, TermAnswer

_RANGE = re.compile(r"bytes=(\d{1,20})-(\d{0,20})\Z")

Ranges = Sequence[tuple[int, int]]
"""Half-open byte ranges."""


class UploadXorbAnswer(msgspec.Struct, frozen=True):
    """Answer to a xorb upload."""

    was_inserted: bool


class UploadShardAnswer(msgspec.Struct, frozen=True):
    """Answer to a shard upload: 1, or 0 where every file was known."""

    result: int


class Checksum(msgspec.Struct, frozen=True):
    """A checksum the client computed; the server goes by the xorb hash instead."""

    algo: str
    value: str


class GrantRequest(msgspec.Struct, frozen=True):
    """Request to upload a xorb of ``length`` bytes straight to the backend."""

    length: int
    checksum: Checksum | None = None


class GrantAnswer(msgspec.Struct, frozen=True):
    """Where to send it."""

    id: str
    method: Literal["PUT"]
    url: str
    headers: Mapping[str, str]


class BatchAnswer(msgspec.Struct, frozen=True):
    """Reconstruction of several whole files."""

    files: dict[str, list[TermAnswer]]
    fetch_info: dict[str, list[FetchAnswer]]


class Validating(msgspec.Struct, frozen=True, tag="validating", tag_field="type"):
    """A shard is being checked."""

    verified: int
    total: int


class Result(msgspec.Struct, frozen=True, tag="result", tag_field="type"):
    """A shard is recorded."""

    result: int


class Failure(msgspec.Struct, frozen=True, tag="error", tag_field="type"):
    """A shard is refused."""

    message: str
    code: str
    retryable: bool


def parse_hash(text: str) -> bytes:
    """A hash of a path; :class:`BadRequest` for what is none."""
    try:
        return from_hex(text)
    except ValueError as error:
        raise BadRequest(reason=str(error)) from None


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The half-open range a client asks of a file, ``None`` for all of it.

    :class:`RangeNotSatisfiable` past the end: it is how clients find the end of a file.
    """
    if header is None:
        return None
    match = _RANGE.match(header.strip())
    if match is None:
        raise BadRequest(reason="the Range header is not one range of bytes")
    start = int(match[1])
    end = min(int(match[2]) + 1, size) if match[2] else size
    if start >= end:
        raise RangeNotSatisfiable(size=size)
    return start, end
