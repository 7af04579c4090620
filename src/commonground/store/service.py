"""The store: bytes in and out, each chunk once, each byte verified, each reader entitled."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from sqlalchemy import Connection

from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.database.tasks import Handler, Running
from commonground.errors import BlobNotFound, InvalidXorb, RangeNotSatisfiable
from commonground.settings import Settings
from commonground.store import dedup, queries
from commonground.store.backends import Backend
from commonground.store.backends.base import Buffer
from commonground.store.cache import FileCache
from commonground.store.ingest import Ingestor
from commonground.store.model import GRANTS, FileRecord, Link, ReadGuard, StoredFile
from commonground.store.ownership import readable_files
from commonground.store.reading import PIECE, read_all, read_terms
from commonground.store.shards import Shards
from commonground.store.terms import overlapping
from commonground.store.verification import VERIFY_FILE, Verifier
from commonground.store.xet.hashing import from_hex, to_hex
from commonground.store.xet.reconstruction import Reconstruction, plan
from commonground.store.xorbs import Xorbs

READ_LIMIT = 64 * 2**20
"""Most bytes :meth:`Store.read_bytes` returns unless it is told otherwise."""

WHOLE_CHECK = 16 * 2**20
"""A read of this many bytes of a local xorb verifies all of it first, so that it fails before its first byte or not."""


class Store:
    """Files made of chunks in xorbs. Hashes are 32 raw bytes unless a name ends in ``_hex``.

    Who may use what: an account what it uploaded in full, and what is linked to a repository it may read.
    """

    def __init__(self, database: Database, backend: Backend, settings: Settings, guard: ReadGuard) -> None:
        self.backend = backend
        self.database = database
        self._guard = guard
        self.xorbs = Xorbs(database, backend, settings.memory_cache_bytes // 2)
        self.verifier = Verifier(database, self.xorbs, settings.inline_verify_limit)
        self._shards = Shards(database, guard, self.verifier)
        self._ingestor = Ingestor(database, guard, self.xorbs, self._shards)
        self.cache = FileCache(settings.data / "cache", settings.cache_bytes)

    async def close(self) -> None:
        """Stop background work and release the backend."""
        await self.cache.close()
        await self.backend.close()

    # --- in ---------------------------------------------------------------------------------------------------------

    async def put_xorb(self, account_id: int, hash_hex: str, body: Buffer) -> bool:
        """Verify and keep a xorb; whether it was new. :class:`InvalidXorb` says what is wrong with it."""
        return await self.xorbs.put(account_id, _parse_xorb_hash(hash_hex), body)

    async def add_shard(self, account_id: int, body: Buffer) -> list[StoredFile]:
        """Check a shard and record its files as uploaded by the account, all or none.

        :class:`InvalidShard` for chunks that are unknown, not proven or not the account's to use;
        :class:`DigestMismatch` for a wrong SHA-256 of a file small enough to be hashed at once.
        """
        return await self._shards.add(account_id, body)

    async def ingest(
        self, account_id: int, parts: AsyncIterator[Buffer], *, sha256: bytes | None = None, size: int | None = None
    ) -> StoredFile:
        """Store a stream of plain bytes with the same dedup as Xet uploads, and record the account's upload.

        :class:`DigestMismatch` or :class:`SizeMismatch` when the content is not the one announced.
        """
        return await self._ingestor.ingest(account_id, parts, sha256=sha256, size=size)

    async def put_bytes(self, account_id: int, data: Buffer) -> StoredFile:
        """:meth:`ingest` for bytes in memory."""
        return await self.ingest(account_id, _one(data))

    async def grant_xorb(self, hash_hex: str, seconds: int) -> tuple[str, str]:
        """A key under which a client may PUT a xorb past this server, and the address to do it at.

        :class:`BlobNotFound` where the backend offers none.
        """
        _parse_xorb_hash(hash_hex)
        key = f"{GRANTS}/{hash_hex}-{secrets.token_hex(8)}"
        url = await self.backend.presign_put(key, seconds)
        if url is None:
            raise BlobNotFound(oid=hash_hex)
        return key, url

    async def commit_grant(self, account_id: int, hash_hex: str, key: str, length: int) -> bool:
        """Verify and keep the xorb that was uploaded under a granted key; whether it was new.

        :class:`BlobNotFound` when nothing was uploaded, :class:`InvalidXorb` for what is refused and removed.
        """
        return await self.xorbs.take_over(account_id, _parse_xorb_hash(hash_hex), key, length)

    # --- who may use what ---------------------------------------------------------------------------------------------

    def usable(
        self, connection: Connection, account_id: int | None, repository_id: int | None, sha256: bytes
    ) -> StoredFile | None:
        """The file with this SHA-256 that the account may put into the repository, or ``None``: upload it first.

        It is one that is linked there already, that the account uploaded, or that is linked to a repository the
        account may read. A claimed SHA-256 that turned out wrong finds nothing.
        """
        if repository_id is not None and (item := self.linked(connection, repository_id, [sha256]).get(sha256)):
            return item
        if item := queries.uploaded(connection, account_id, sha256):
            return item
        found = {item.hash: item for item in queries.verified(connection, sha256)}
        readable = readable_files(connection, self._guard, account_id, list(found))
        return found[min(readable)] if readable else None

    def usable_among(
        self, connection: Connection, account_id: int | None, repository_id: int, sha256s: Sequence[bytes]
    ) -> dict[bytes, StoredFile]:
        """Those of several contents that :meth:`usable` finds, by SHA-256."""
        found = self.linked(connection, repository_id, sha256s)
        for sha256 in set(sha256s).difference(found):
            file = self.usable(connection, account_id, repository_id, sha256)
            if file is not None:
                found[sha256] = file
        return found

    def link(
        self, connection: Connection, repository_id: int, account_id: int | None, file: StoredFile, filename: str = ""
    ) -> bool:
        """Record that a repository uses a file; it stays as long as a link does. For use inside a write transaction.
        Whether the repository did not use it before.

        :class:`BlobNotFound` when the file has been collected since it was found.
        """
        if not queries.hold_file(connection, file.hash):
            raise BlobNotFound(oid=(file.sha256 or file.hash).hex())
        return queries.add_link(connection, repository_id, account_id, file, filename, now_ms())

    def linked(self, connection: Connection, repository_id: int, sha256s: Sequence[bytes]) -> dict[bytes, StoredFile]:
        """The files a repository uses, by SHA-256; a file whose claimed SHA-256 turned out wrong is left out."""
        return queries.linked(connection, repository_id, sha256s)

    def links(self, connection: Connection, repository_id: int, after: bytes = b"", limit: int = 1000) -> list[Link]:
        """The files a repository uses, in the order of their hashes, from behind ``after``."""
        return queries.links(connection, repository_id, after, limit)

    def unlink(self, connection: Connection, repository_id: int, file_hashes: Sequence[bytes] | None = None) -> int:
        """Forget that a repository uses these files (``None``: all); their bytes. gc frees the space."""
        return queries.unlink(connection, repository_id, file_hashes)

    async def permitted(self, account_id: int | None, repository_id: int | None, file_hash: bytes) -> StoredFile:
        """The file, if the repository uses it or the account uploaded it; :class:`BlobNotFound` otherwise."""
        found = await self.database.lookup(_permitted, account_id, repository_id, file_hash)
        if found is None:
            raise BlobNotFound(oid=to_hex(file_hash))
        return found

    # --- out ----------------------------------------------------------------------------------------------------------

    async def read(self, file_hash: bytes, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes [start, end) of a file in parts, each verified before it is given out.

        Raises :class:`BlobNotFound`, :class:`RangeNotSatisfiable`, and :class:`CorruptBlob` in place of damaged bytes.
        """
        record = await self._record(file_hash)
        stop = _stop(record.size, start, end)
        async for part in read_terms(self.xorbs, record.terms, start, stop):
            yield part

    async def read_bytes(
        self, file_hash: bytes, start: int = 0, end: int | None = None, limit: int = READ_LIMIT
    ) -> bytes:
        """:meth:`read` in one piece; :class:`PayloadTooLarge` above ``limit`` bytes."""
        record = await self._record(file_hash)
        return await read_all(self.xorbs, record.terms, start, _stop(record.size, start, end), limit=limit)

    async def materialise(self, file_hash: bytes) -> Path | None:
        """The whole file on local disk, if it is there or hot enough to be put there; ``None``: use :meth:`read`."""
        record = await self._record(file_hash)
        path = self.cache.find(file_hash, record.size)
        if path is None and self.cache.is_hot(file_hash, record.size):
            path = await self.cache.build(file_hash, read_terms(self.xorbs, record.terms))
        return path

    async def reconstruction(
        self, file_hash: bytes, byte_range: tuple[int, int | None] | None = None
    ) -> Reconstruction:
        """Which chunks of which xorbs make up the bytes [start, end) of a file.

        Ask :meth:`permitted` first. :class:`RangeNotSatisfiable` when the range starts behind the end.
        """
        record = await self._record(file_hash)
        start, end = byte_range or (0, None)
        stop = record.size if byte_range is None else _stop(record.size, start, end, empty=False)
        names = [term.xorb_hash for term in overlapping(record.terms, start, stop)]
        indexes = {name: (await self.xorbs.find(name)).index for name in dict.fromkeys(names)}
        return plan(record.terms, indexes, start, None if stop == record.size else stop)

    async def dedup(self, account_id: int | None, chunk_hash: bytes) -> bytes | None:
        """The answer (a shard) to a global dedup query, or ``None`` when the account may use no such chunk."""
        found = await self.database.read(dedup.find, self._guard, account_id, chunk_hash)
        return None if found is None else await asyncio.to_thread(dedup.answer, found)

    async def has_xorb(self, account_id: int | None, hash_hex: str) -> bool:
        """Whether a xorb is here that the account uploaded."""
        return await self.database.read(_has_xorb, account_id, _parse_xorb_hash(hash_hex))

    async def read_xorb(self, xorb_hash: bytes, start: int, end: int) -> bytes:
        """The bytes [start, end) of a xorb as stored, verified; :class:`CorruptBlob` when they are damaged."""
        return await self.xorbs.packed(xorb_hash, start, end)

    async def stream_xorb(self, xorb_hash: bytes, ranges: Sequence[tuple[int, int]]) -> AsyncIterator[bytes]:
        """The same for several ranges, one after the other, in parts of up to 4 MiB."""
        if sum(end - start for start, end in ranges) >= WHOLE_CHECK:
            await self.xorbs.intact_path(xorb_hash)
        for start, end in ranges:
            for at in range(start, end, PIECE):
                yield await self.xorbs.packed(xorb_hash, at, min(at + PIECE, end))

    def task_handlers(self) -> dict[str, Handler]:
        """What a :class:`Worker` runs for the store, by kind of task."""
        return {VERIFY_FILE: self._run_verify}

    async def _run_verify(self, running: Running) -> None:
        await self.verify_file(running.payload["file"])

    async def verify_file(self, name: str) -> None:
        """Handle a ``store.verify`` task: hash the file (hex name) and hold all claims against the result."""
        await self.verifier.verify_file(name)

    async def _record(self, file_hash: bytes) -> FileRecord:
        record = await self.database.lookup(queries.find_file, file_hash)
        if record is None:
            raise BlobNotFound(oid=to_hex(file_hash))
        return record


async def _one(data: Buffer) -> AsyncIterator[Buffer]:
    yield data


def _stop(size: int, start: int, end: int | None, *, empty: bool = True) -> int:
    """Where a read of [start, end) stops. ``empty`` allows reading nothing of the empty file."""
    stop = size if end is None else min(end, size)
    if start < 0 or (start >= stop and not (empty and size == start == 0)):
        raise RangeNotSatisfiable(size=size)
    return stop


def _parse_xorb_hash(hash_hex: str) -> bytes:
    try:
        return from_hex(hash_hex)
    except ValueError as error:
        raise InvalidXorb(reason=str(error)) from None


def _permitted(
    connection: Connection, account_id: int | None, repository_id: int | None, file_hash: bytes
) -> StoredFile | None:
    return queries.linked_by_hash(connection, repository_id, file_hash) or queries.uploaded_by_hash(
        connection, account_id, file_hash
    )


def _has_xorb(connection: Connection, account_id: int | None, xorb_hash: bytes) -> bool:
    found = queries.find_xorbs(connection, [xorb_hash]).get(xorb_hash)
    return found is not None and bool(queries.uploaded_xorbs(connection, account_id, [found.id]))
