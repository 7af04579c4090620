"""An archive as a row of parts whose sizes are known before their bytes."""

from abc import ABC, abstractmethod
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple, TypeAlias

from commonground.hub.archives.members import Members


class Literal(NamedTuple):
    """Bytes that are known."""

    data: bytes

    @property
    def size(self) -> int:
        """How many."""
        return len(self.data)


class Content(NamedTuple):
    """The content of a member."""

    member: int
    size: int


class Summed(NamedTuple):
    """Bytes that depend on the CRC-32 of the content of a member."""

    member: int
    size: int
    encode: Callable[[int], bytes]


Part: TypeAlias = Literal | Content | Summed


class Layout(ABC):
    """Sections (a member with its frame, say), each a few parts. Only the offsets of sections are kept."""

    def __init__(self, members: Members, sizes: Iterable[int]) -> None:
        self.members = members
        self._offsets = array("Q", accumulate(sizes, initial=0))

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._offsets[-1]

    @property
    def weight(self) -> int:
        """About how many bytes of memory this takes."""
        return self.members.weight + 8 * len(self._offsets)

    @abstractmethod
    def parts(self, section: int) -> Iterator[Part]:
        """The parts of a section, in order."""

    def pieces(self, start: int, end: int) -> Iterator[tuple[Part, int, int]]:
        """The parts that overlap [start, end), each with which of its bytes do."""
        section = bisect_right(self._offsets, start) - 1
        while section < len(self._offsets) - 1 and self._offsets[section] < end:
            at = self._offsets[section]
            for part in self.parts(section):
                first, last = max(start - at, 0), min(end - at, part.size)
                if first < last:
                    yield part, first, last
                at += part.size
            section += 1
