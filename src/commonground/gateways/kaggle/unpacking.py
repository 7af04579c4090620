"""The archive in which the client sends more than 50 files, taken apart without ever being a file on a disk."""

import asyncio
import io
import zipfile
import zlib
from collections.abc import AsyncIterator
from typing import IO

import msgspec

from commonground.errors import BadRequest, SizeMismatch
from commonground.store.backends.base import Buffer
from commonground.store.model import StoredFile
from commonground.store.service import Store

FILES_LIMIT = 50_000
DIRECTORY_LIMIT = 8 * 2**20
"""Bytes of the list of members, which is held in memory."""
GROWTH = 20
"""How many times larger than the archive its contents may be; the client does not compress at all."""
PIECE = 2**20


class Item(msgspec.Struct, frozen=True):
    """A file to publish: where, and what."""

    path: str
    file: StoredFile


async def unpack(store: Store, account_id: int, archive: Item) -> list[Item]:
    """The members of a stored zip, themselves stored. :class:`BadRequest` for what is no zip, or one made to harm."""
    reader = _Reader(_Bytes(asyncio.get_running_loop(), store, archive.file), PIECE)
    try:
        opened = await asyncio.to_thread(zipfile.ZipFile, reader)
        members = _checked(opened.infolist(), archive.file.size)
        return [await _store(store, account_id, opened, member) for member in members]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, SizeMismatch) as error:
        raise BadRequest(reason=f"{archive.path} cannot be unpacked: {error}") from None


def _checked(members: list[zipfile.ZipInfo], size: int) -> list[zipfile.ZipInfo]:
    files = [member for member in members if not member.filename.endswith("/")]
    if len(files) > FILES_LIMIT:
        raise BadRequest(reason=f"an archive has at most {FILES_LIMIT} files")
    if sum(member.file_size for member in files) > GROWTH * max(size, PIECE):
        raise BadRequest(reason=f"an archive may grow to {GROWTH} times its size, not more")
    if any(member.flag_bits & 1 for member in files):
        raise BadRequest(reason="the archive is encrypted")
    if any(member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for member in files):
        raise BadRequest(reason="the archive is compressed with another method than deflate")
    return files


async def _store(store: Store, account_id: int, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Item:
    with await asyncio.to_thread(archive.open, member) as content:
        file = await store.ingest(account_id, _pieces(content), size=member.file_size)
    return Item(path=member.filename, file=file)


async def _pieces(content: IO[bytes]) -> AsyncIterator[Buffer]:
    while piece := await asyncio.to_thread(content.read, PIECE):
        yield piece


class _Bytes(io.RawIOBase):
    """A file of the store for code that seeks and reads in a thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, store: Store, file: StoredFile) -> None:
        self._loop, self._store, self._file = loop, store, file
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        if base + offset < 0:
            raise zipfile.BadZipFile("it points before its beginning")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override] # all that a BufferedReader passes
        end = min(self._at + len(buffer), self._file.size)
        if end <= self._at:
            return 0
        reading = self._store.read_bytes(self._file.hash, self._at, end)
        data = asyncio.run_coroutine_threadsafe(reading, self._loop).result()
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class _Reader(io.BufferedReader):
    """Refuses to read the list of members in one piece where it is too long to be one."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > DIRECTORY_LIMIT:
            raise BadRequest(reason=f"the archive lists its files in more than {DIRECTORY_LIMIT} bytes")
        return super().read(size)
