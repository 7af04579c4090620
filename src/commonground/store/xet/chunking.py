"""Content-defined chunking of a byte stream (docs/xet/chunking.md)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from commonground.store.xet.gear import WINDOW, GearScanner, Positions

MIN_CHUNK: Final = 8 * 1024
MAX_CHUNK: Final = 128 * 1024
# Input is taken in pieces of this size, so memory stays bounded whatever a caller feeds.
_PIECE: Final = 1024 * 1024


class Chunker:
    """Splits one stream into the chunks every Xet client would cut.

    The chunks do not depend on how the stream is split between calls of `feed`. Memory stays below 4 MiB plus what
    the caller holds. An iterator returned by `feed` must be exhausted before the next call.
    """

    def __init__(self) -> None:
        self._scanner = GearScanner()
        self._buffer = bytearray()
        self._marks: Positions = np.empty(0, np.intp)
        self._scanned = WINDOW - 1
        self._feeding = False

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[bytes]:
        """Take more of the stream; yield the chunks it completes, each 8 to 128 KiB."""
        self._claim()
        return self._feed(memoryview(data).cast("B"))

    def finish(self) -> Iterator[bytes]:
        """End the stream; yield the last chunk (1 byte to 128 KiB) if anything is left. Ready for a new stream."""
        self._claim()
        rest = bytes(self._buffer)
        self._buffer.clear()
        self._forget(len(rest))
        self._feeding = False
        return iter([rest] if rest else [])

    def _claim(self) -> None:
        if self._feeding:
            raise RuntimeError("exhaust the chunks of the previous feed first")
        self._feeding = True

    def _feed(self, data: memoryview) -> Iterator[bytes]:
        for at in range(0, len(data), _PIECE):
            self._buffer += data[at : at + _PIECE]
            self._scan()
            yield from self._complete()
        self._feeding = False

    def _scan(self) -> None:
        """Mark the gear boundaries among the bytes not looked at yet."""
        if self._scanned >= len(self._buffer):
            return
        found = self._scanner.boundaries(np.frombuffer(self._buffer, np.uint8), self._scanned)
        self._marks = np.concatenate((self._marks, found))
        self._scanned = len(self._buffer)

    def _complete(self) -> Iterator[bytes]:
        start = 0
        while (end := self._cut(start)) is not None:
            yield bytes(self._buffer[start:end])
            start = end
        del self._buffer[:start]
        self._forget(start)

    def _cut(self, start: int) -> int | None:
        """End of the chunk that begins at `start`, None while more bytes are needed to know it."""
        mark = int(np.searchsorted(self._marks, start + MIN_CHUNK - 1))
        limit = start + MAX_CHUNK
        if mark < len(self._marks) and self._marks[mark] < limit:
            return int(self._marks[mark]) + 1
        return limit if limit <= len(self._buffer) else None

    def _forget(self, count: int) -> None:
        """Rebase positions after the first `count` bytes left the buffer."""
        self._scanned = max(self._scanned - count, WINDOW - 1)
        self._marks = self._marks[np.searchsorted(self._marks, count) :] - count


def split(data: bytes | bytearray | memoryview) -> Iterator[bytes]:
    """Yield the chunks of a whole file held in memory; none for an empty one."""
    chunker = Chunker()
    yield from chunker.feed(data)
    yield from chunker.finish()
