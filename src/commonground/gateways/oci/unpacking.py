"""Archive layers into files of the store, without trusting them: no links, no paths out of the root, no bombs."""

import asyncio
import tarfile
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import IO, Any

from commonground.errors import InvalidManifest
from commonground.gateways.oci.artifacts import LayerFile, safe_path
from commonground.hub.revisions.model import AddStored
from commonground.store.model import StoredFile
from commonground.store.service import Store

FILE_LIMIT = 10_000
"""Most files in one archive."""
RATIO = 100
"""An archive may unpack to this many times its own bytes, and :data:`SMALL` more."""
SMALL = 64 * 2**20
HEADER_LIMIT = 2**20
_PIECE = 2**20
_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_BROKEN = (tarfile.TarError, zlib.error, EOFError, OSError, UnicodeError, ValueError)


async def unpack(store: Store, account_id: int, archive: StoredFile, layer: LayerFile) -> list[AddStored]:
    """The files of an archive, stored as uploads of the account, in the order of the archive.

    Memory stays bounded. :class:`InvalidManifest` for an archive that is broken, too large, or holds anything but
    files and folders.
    """
    reader = _Reader(store.read(archive.hash), asyncio.get_running_loop())
    mode = "r|gz" if layer.compression == "+gzip" else "r|"
    try:
        tar = await asyncio.to_thread(_open, reader, mode)
        return [found async for found in _members(store, account_id, tar, layer, archive.size * RATIO + SMALL)]
    except _BROKEN as error:
        raise InvalidManifest(reason=f"the layer {layer.blob.digest} cannot be unpacked: {error}") from None


async def _members(
    store: Store, account_id: int, tar: tarfile.TarFile, layer: LayerFile, limit: int
) -> AsyncIterator[AddStored]:
    count = size = 0
    while (member := await asyncio.to_thread(tar.next)) is not None:
        if member.isdir():
            continue
        count, size = count + 1, size + member.size
        for broken, reason in _problems(member, count, size, limit):
            if broken:
                raise InvalidManifest(reason=reason)
        path = safe_path(f"{layer.path}/{member.name}" if layer.path else member.name)
        content = tar.extractfile(member)
        assert content is not None  # it is a regular file
        file = await store.ingest(account_id, _pieces(content), size=member.size)
        assert file.sha256 is not None
        yield AddStored(path=path, sha256=file.sha256.hex(), size=file.size)
        tar.members.clear()  # type: ignore[attr-defined]  # it would remember every one


def _problems(member: tarfile.TarInfo, count: int, size: int, limit: int) -> Iterator[tuple[bool, str]]:
    yield not member.isreg(), f"{member.name[:200]!r} in an archive is neither a file nor a folder"
    yield count > FILE_LIMIT, f"an archive holds more than {FILE_LIMIT} files"
    yield size > limit, f"an archive unpacks to more than {limit} bytes"


async def _pieces(content: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(content.read, _PIECE):
        yield piece


class _Reader:
    """A stream of the event loop, read from a thread."""

    def __init__(self, parts: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop) -> None:
        self._parts, self._loop, self._rest = parts, loop, b""

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; none at the end."""
        if not self._rest:
            self._rest = asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    async def _next(self) -> bytes:
        return await anext(self._parts, b"")


class _Member(tarfile.TarInfo):
    """Refuses headers that are read into memory whole and are larger than any name or attribute needs."""

    def _proc_member(self, tar: tarfile.TarFile) -> Any:
        if self.type in _HEADERS and self.size > HEADER_LIMIT:
            raise tarfile.ReadError(f"a header has {self.size} bytes")
        return super()._proc_member(tar)  # type: ignore[misc]  # the entry point for subclasses, says its source


def _open(reader: _Reader, mode: Any) -> tarfile.TarFile:
    source: Any = reader  # tarfile only ever reads from it
    return tarfile.open(fileobj=source, mode=mode, tarinfo=_Member)
