"""Archives of files in memory, and a file object over any archive."""

import asyncio
import io
import zlib
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

from commonground.hub.archives.gzip import gzip_size, read_gzip
from commonground.hub.archives.layout import Layout
from commonground.hub.archives.members import Members
from commonground.hub.archives.model import FILE, FOLDER, Archive, Contents, Format, Member, Reader
from commonground.hub.archives.streaming import layout_checksum, read_layout
from commonground.hub.archives.tar import TarLayout
from commonground.hub.archives.zip import ZipLayout


class MemoryContents:
    """Content by index, in parts of ``step`` bytes."""

    def __init__(self, contents: Mapping[int, bytes], step: int = 1000) -> None:
        self._contents = contents
        self._step = step
        self.summed: list[int] = []

    async def read(self, index: int, start: int, end: int) -> AsyncIterator[bytes]:
        for at in range(start, end, self._step):
            yield self._contents[index][at : min(at + self._step, end)]

    async def checksum(self, index: int) -> int:
        self.summed.append(index)
        return zlib.crc32(self._contents[index])


class Zeros:
    """Members of any size, all zeros; their sums are made up."""

    def __init__(self, sum_of_all: int = 0) -> None:
        self._sum = sum_of_all

    async def read(self, index: int, start: int, end: int) -> AsyncIterator[bytes]:
        for at in range(start, end, 2**20):
            yield bytes(min(2**20, end - at))

    async def checksum(self, index: int) -> int:
        return self._sum


def members_of(files: Mapping[str, bytes], top: str = "") -> tuple[Members, MemoryContents]:
    """Members for paths (of folders: with a slash at the end) in the order of git."""
    members, contents = Members(top), {}
    for path in sorted(files, key=str.encode):
        members.add(Member(path, FOLDER if path.endswith("/") else FILE, len(files[path])))
        contents[len(members) - 1] = files[path]
    return members, MemoryContents(contents)


def pack(members: Members, contents: Contents, form: Format) -> Archive:
    layout: Layout = ZipLayout(members) if form == "zip" else TarLayout(members)
    read: Reader = partial(read_layout, layout, contents)
    size = layout.size
    if form == "tar.gz":
        read, size = partial(read_gzip, read, size, partial(layout_checksum, layout, contents)), gzip_size(size)
    return Archive(size=size, etag="", commit="", read=read)


def read(archive: Archive, start: int = 0, end: int | None = None) -> bytes:
    async def collect() -> bytes:
        return b"".join([part async for part in archive.read(start, archive.size if end is None else end)])

    return asyncio.run(collect())


class ArchiveFile(io.RawIOBase):
    """An archive as a file that is read by ranges, as far as it is read."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._archive.size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        data = read(self._archive, self._at, min(self._at + len(buffer), self._archive.size))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
