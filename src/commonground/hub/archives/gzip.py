"""gzip around data of a known size, in stored blocks: weights do not compress, and so every byte has a known place
(RFC 1951, section 3.2.4; RFC 1952).
"""

import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

from commonground.hub.archives.model import Reader

HEADER = b"\x1f\x8b\x08\0" + bytes(4) + b"\0\xff"  # no name, no time, no flags, an unknown system
STORED = 65_535
"""Bytes of data in one block, the most there can be."""

_TRAILER = struct.Struct("<LL")
_BLOCK = struct.Struct("<BHH")
_FRAMED = STORED + _BLOCK.size


def gzip_size(size: int) -> int:
    """How large ``size`` bytes (one or more) become."""
    return len(HEADER) + _framed_size(size) + _TRAILER.size


async def read_gzip(
    plain: Reader, size: int, checksum: Callable[[], Awaitable[int]], start: int, end: int
) -> AsyncIterator[bytes]:
    """The bytes [start, end) of the gzip file around ``size`` bytes of ``plain``, whose CRC-32 is asked for when the
    trailer is.
    """
    if start < len(HEADER):
        yield HEADER[start:end]
    first, last = len(HEADER), len(HEADER) + _framed_size(size)
    if start < last and end > first:
        async for part in _read_blocks(plain, size, max(start - first, 0), min(end, last) - first):
            yield part
    if end > last:
        yield _TRAILER.pack(await checksum(), size & 0xFFFFFFFF)[max(start - last, 0) : end - last]


def _framed_size(size: int) -> int:
    return size + -(-size // STORED) * _BLOCK.size


async def _read_blocks(plain: Reader, size: int, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes [start, end) of all blocks: read from the start of a block, and cut."""
    block, skip = divmod(start, _FRAMED)
    at, left = block * STORED, end - start
    async for data in plain(at, min(size, -(-end // _FRAMED) * STORED)):
        framed = b"".join(_frame(data, at, size))
        at += len(data)
        part = framed[skip : skip + left]
        skip -= min(skip, len(framed))
        left -= len(part)
        if part:
            yield part


def _frame(data: bytes, at: int, size: int) -> Iterator[bytes | memoryview]:
    """``data``, which stands at ``at`` of ``size``, with the headers of the blocks that begin inside it."""
    view, done = memoryview(data), 0
    while done < len(data):
        place = (at + done) % STORED
        if place == 0:
            left = size - at - done
            length = min(STORED, left)
            yield _BLOCK.pack(length == left, length, length ^ 0xFFFF)
        taken = view[done : done + STORED - place]
        yield taken
        done += len(taken)
