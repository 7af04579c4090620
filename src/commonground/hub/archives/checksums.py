"""CRC-32 sums of content, remembered: content of one hash has one sum."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from weakref import WeakValueDictionary

from commonground.store.lru import LeastRecent

REMEMBERED = 131_072
"""Sums that are kept: those of the largest archive, about 30 MB."""

AT_ONCE = 4
"""Contents read at a time only to be summed."""

_INLINE = 2**16


class Checksums:
    """The sums one process knows. For use on the event loop."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._known: LeastRecent[bytes, int] = LeastRecent(limit)
        self._locks: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()
        self._reading = asyncio.Semaphore(AT_ONCE)

    async def of(self, key: bytes, read: Callable[[], AsyncIterator[bytes]]) -> int:
        """The sum of the content ``key`` names; where it is not known, all of it is read, once for all who ask."""
        known = self._known.get(key)
        if known is not None:
            return known
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            known = self._known.get(key)
            if known is None:
                async with self._reading:
                    async for _ in self.summing(key, read()):
                        pass
                known = self._known.get(key)
        assert known is not None
        return known

    async def summing(self, key: bytes, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Pass all parts of a content on, and remember its sum at the end."""
        total = 0
        async for part in parts:
            total = await asyncio.to_thread(zlib.crc32, part, total) if len(part) > _INLINE else zlib.crc32(part, total)
            yield part
        self.remember(key, total)

    def recall(self, key: bytes) -> int | None:
        """The sum, if it is known."""
        return self._known.get(key)

    def remember(self, key: bytes, total: int) -> None:
        """Keep a sum."""
        self._known.put(key, total)
