"""From a layout to bytes."""

import asyncio
import zlib
from collections.abc import AsyncIterator

from commonground.hub.archives.crc32 import combine
from commonground.hub.archives.layout import Content, Layout, Literal
from commonground.hub.archives.model import Contents

GATHERED = 2**16
PAUSE = 256


async def read_layout(layout: Layout, contents: Contents, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes [start, end) of an archive, small ones gathered into parts of 64 KiB."""
    waiting: list[bytes] = []
    size = 0
    async for data in _pieces(layout, contents, start, end):
        waiting.append(data)
        size += len(data)
        if size >= GATHERED:
            yield b"".join(waiting) if len(waiting) > 1 else data
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


async def layout_checksum(layout: Layout, contents: Contents) -> int:
    """The CRC-32 of a whole archive, put together from those of its parts."""
    total = 0
    for count, (part, _, _) in enumerate(layout.pieces(0, layout.size)):
        if isinstance(part, Literal):
            total = zlib.crc32(part.data, total)
        else:
            assert isinstance(part, Content)
            total = combine(total, await contents.checksum(part.member), part.size)
        if count % PAUSE == 0:
            await asyncio.sleep(0)  # sums that are known are had without waiting: let others have their turn
    return total


async def _pieces(layout: Layout, contents: Contents, start: int, end: int) -> AsyncIterator[bytes]:
    for part, first, last in layout.pieces(start, end):
        if isinstance(part, Literal):
            yield part.data[first:last]
        elif isinstance(part, Content):
            async for data in contents.read(part.member, first, last):
                yield data
        else:
            yield part.encode(await contents.checksum(part.member))[first:last]
