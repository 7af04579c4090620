"""A position in a file of which only a window is in memory."""

import struct
from collections.abc import Generator
from typing import Any

from commonground.hub.weights.model import InvalidWeights

SMALLEST, LARGEST = 2**12, 2**18
Fill = Generator[tuple[int, int], bytes, None]


class Cursor:
    """Walks forward through a file of ``size`` bytes. ``budget`` bounds the bytes that are read in all.

    Call ``yield from fill(n)`` before the ``take_*`` methods; they do not check the window again.
    """

    __slots__ = ("_ahead", "_budget", "at", "base", "size", "window")

    def __init__(self, size: int, budget: int) -> None:
        self.size, self._budget = size, budget
        self._ahead = SMALLEST  # how much is read at once: grows while reading on, small again after a jump
        self.window, self.base, self.at = b"", 0, 0  # at: position in the window

    @property
    def position(self) -> int:
        """Bytes from the start of the file."""
        return self.base + self.at

    def has(self, count: int) -> bool:
        """Whether the next ``count`` bytes are in memory."""
        return self.at + count <= len(self.window)

    def fill(self, count: int) -> Fill:
        """Bring the next ``count`` bytes into memory."""
        if self.at + count <= len(self.window):
            return
        start = self.position
        if start + count > self.size:
            raise InvalidWeights("the file ends inside its header")
        end = min(self.size, start + max(count, self._ahead))
        self._ahead = min(2 * self._ahead, LARGEST)
        self._budget -= end - start
        if self._budget < 0:
            raise InvalidWeights("the header is too large to be read")
        self.window = yield start, end
        self.base, self.at = start, 0
        if len(self.window) < count:
            raise InvalidWeights("the file is shorter than announced")

    def skip(self, count: int) -> None:
        """Go on ``count`` bytes, read or not."""
        if count < 0 or self.position + count > self.size:
            raise InvalidWeights("a length points behind the end of the file")
        self.at += count
        if self.at > len(self.window):
            self.base, self.window, self.at, self._ahead = self.position, b"", 0, SMALLEST

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        data = self.window[self.at : self.at + count]
        self.at += count
        return data

    def unpack(self, layout: struct.Struct) -> tuple[Any, ...]:
        """The next values of a fixed layout."""
        values = layout.unpack_from(self.window, self.at)
        self.at += layout.size
        return values
