"""What an archive is made of, and what is promised about it."""

from collections.abc import AsyncIterator, Callable
from typing import Literal, NamedTuple, Protocol, TypeAlias

import msgspec

Format = Literal["tar", "tar.gz", "zip"]

Reader: TypeAlias = Callable[[int, int], AsyncIterator[bytes]]
"""``read(start, end)``: the bytes [start, end) of something, in parts."""

MEDIA_TYPES: dict[Format, str] = {
    "tar": "application/x-tar",
    "tar.gz": "application/gzip",
    "zip": "application/zip",
}

LAYOUT_VERSION = 1
"""Part of every tag: it changes when the same files are packed into other bytes."""

FILES_LIMIT = 100_000
"""Most files and folders of one archive: what is kept in memory about each is about 110 bytes."""

NAMES_LIMIT = 64 * 2**20
"""Most bytes of all paths and link targets of one archive."""

MODIFIED = 315_532_800
"""The time of every member, in seconds: the start of 1980, the earliest that zip can say. A commit's own time would
give the same files other bytes in every commit, and no download could be resumed or found in a cache.
"""

FOLDER, FILE, PROGRAM, LINK = 0o040755, 0o100644, 0o100755, 0o120777


class Member(NamedTuple):
    """One member. ``path`` of a folder ends with a slash; ``link`` is where a symbolic link leads."""

    path: str
    mode: int
    size: int
    link: str | None = None

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.mode == FOLDER


class Contents(Protocol):
    """The content of the members of an archive, by their index."""

    def read(self, index: int, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes [start, end) of the content."""
        ...

    async def checksum(self, index: int) -> int:
        """The CRC-32 of the content."""
        ...


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """An archive of ``size`` bytes, of which ``read(start, end)`` computes any part. ``etag`` (unquoted) names its bytes:
    two archives of one tag are equal. ``commit`` is the revision it was made from, 40 hex digits.
    """

    size: int
    etag: str
    commit: str
    read: Reader
