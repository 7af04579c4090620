"""The bytes of files."""

from collections.abc import AsyncIterator

from sqlalchemy import Connection

from commonground.errors import BlobNotFound, PayloadTooLarge, RangeNotSatisfiable
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.model import Entry, Source
from commonground.hub.revisions.objects import BLOB

READ_LIMIT = 64 * 2**20


class Reading:
    """Finds and reads the content of entries."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def source(self, repository: Repository, entry: Entry) -> Source:
        """Where the content of a file is: of an LFS file what its pointer names, else the blob itself;
        :class:`BlobNotFound`.
        """
        return await self._context.database.lookup(self._source, repository, entry)

    async def blob(self, repository: Repository, entry: Entry) -> Source:
        """Like :meth:`source`, but of an LFS file the text of the pointer."""
        return await self._context.database.lookup(self._blob, repository, bytes.fromhex(entry.oid))

    async def read(
        self, repository: Repository, entry: Entry, start: int = 0, end: int | None = None, limit: int = READ_LIMIT
    ) -> bytes:
        """The bytes [start, end) of a file; :class:`PayloadTooLarge` above ``limit`` bytes."""
        source = await self.source(repository, entry)
        stop = _stop(source, start, end)
        if stop - start > limit:
            raise PayloadTooLarge(limit=limit)
        if source.data is not None:
            return source.data[start:stop]
        return (
            await self._context.store.read_bytes(source.file_hash or b"", start, stop, limit) if stop > start else b""
        )

    async def stream(
        self, repository: Repository, entry: Entry, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes [start, end) of a file, in parts."""
        source = await self.source(repository, entry)
        stop = _stop(source, start, end)
        if source.data is not None:
            yield source.data[start:stop]
        elif stop > start:
            async for part in self._context.store.read(source.file_hash or b"", start, stop):
                yield part

    def _source(self, connection: Connection, repository: Repository, entry: Entry) -> Source:
        if entry.lfs is None:
            return self._blob(connection, repository, bytes.fromhex(entry.oid))
        sha256 = bytes.fromhex(entry.lfs.sha256)
        file = self._context.store.linked(connection, repository.id, [sha256]).get(sha256)
        file = file or self._context.pending.file(repository.id, sha256)
        if file is None:
            raise BlobNotFound(oid=entry.lfs.sha256)
        return Source(file.size, None, file.hash)

    def _blob(self, connection: Connection, repository: Repository, sha: bytes) -> Source:
        found = self._context.view(connection, repository.id).get(sha)
        if found is None or found.kind != BLOB:
            raise BlobNotFound(oid=sha.hex())
        return Source(found.size, found.body, found.file_hash)


def _stop(source: Source, start: int, end: int | None) -> int:
    if start < 0 or start > source.size:
        raise RangeNotSatisfiable(size=source.size)
    return max(start, source.size if end is None else min(end, source.size))
