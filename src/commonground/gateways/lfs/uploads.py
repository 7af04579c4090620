"""Multipart uploads: parts wait in the blob backend until the last one is there, then become one file of the store."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence

from sqlalchemy import Connection
from starlette.requests import Request

from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.errors import BadRequest, SizeMismatch, UploadNotFound
from commonground.gateways.lfs import queries
from commonground.gateways.lfs.queries import Upload
from commonground.gateways.lfs.wire import CompletedPart
from commonground.http.bodies import stream_body
from commonground.http.content_links import Grant
from commonground.settings import Settings
from commonground.store.model import StoredFile
from commonground.store.service import Store

PART_SIZE = 16 * 2**20
PART_LIMIT = 4000
PARTS_AT_ONCE = 8
"""Parts held in memory at a time, per process."""
REAPED_AT_ONCE = 20

_READ = 8 * 2**20
_FOLDER = "uploads/lfs"


def part_size(size: int) -> int:
    """Bytes of a part for a file of ``size`` bytes: there are at most :data:`PART_LIMIT`."""
    return max(PART_SIZE, -(-size // PART_LIMIT))


class Uploads:
    """The multipart uploads of all accounts. One account has at most one upload of the same content: whoever begins
    it again continues it.
    """

    def __init__(self, database: Database, store: Store, settings: Settings) -> None:
        self._database, self._store, self._settings = database, store, settings
        self._memory = asyncio.Semaphore(PARTS_AT_ONCE)
        self._finishing: dict[str, asyncio.Task[StoredFile]] = {}

    async def begin(self, account_id: int, objects: Iterable[tuple[str, int]]) -> dict[str, Upload]:
        """The uploads of contents given by oid and size, begun now or before, by oid."""
        await self.reap()
        return await self._database.write(_begin, account_id, list(objects))

    async def put_part(self, grant: Grant, request: Request) -> str:
        """Keep the body of ``request`` as a part; its ETag. A part that is sent again replaces the former one."""
        upload = await self._find(grant)
        if not 1 <= grant.part <= upload.count:
            raise UploadNotFound(upload=f"part {grant.part}")
        length = upload.length(grant.part)
        async with self._memory:
            body = bytearray()
            async for piece in stream_body(request, length):
                body += piece
            if len(body) != length:
                raise SizeMismatch(actual=len(body), expected=length)
            etag = await asyncio.to_thread(_digest, body)
            await self._store.backend.put(_key(upload.id, grant.part), body)
        if not await self._database.write(queries.add_part, upload.id, grant.part, etag):
            await self._store.backend.delete(_key(upload.id, grant.part))
            raise UploadNotFound(upload=grant.oid)
        return etag

    async def complete(self, grant: Grant, parts: Sequence[CompletedPart]) -> "asyncio.Task[StoredFile]":
        """Start to put the parts together, or join who did; the task's result is the file.

        :class:`BadRequest` when ``parts`` is not what arrived, :class:`UploadNotFound` when nothing is under way.
        """
        identity = _identity(grant.uploader, grant.oid, grant.size)
        running = self._finishing.get(identity)
        if running is None:
            upload = await self._find(grant)
            _check_complete(upload, parts)
            running = self._finishing.get(identity) or asyncio.create_task(self._finish(upload))
            self._finishing[identity] = running
            running.add_done_callback(lambda _: self._finishing.pop(identity, None))
        return running

    async def reap(self) -> int:
        """Remove some uploads that were begun too long ago; how many."""
        before = now_ms() - self._settings.upload_lease_seconds * 1000
        gone = await self._database.read(queries.expired, before, REAPED_AT_ONCE)
        for identity in gone:
            if identity not in self._finishing:
                await self._discard(identity)
        return len(gone)

    async def _find(self, grant: Grant) -> Upload:
        identity = _identity(grant.uploader, grant.oid, grant.size)
        upload = await self._database.read(queries.find, identity)
        if upload is None:
            raise UploadNotFound(upload=grant.oid)
        return upload

    async def _finish(self, upload: Upload) -> StoredFile:
        parts = self._read_parts(upload)
        stored = await self._store.ingest(upload.account_id, parts, sha256=upload.sha256, size=upload.size)
        await self._discard(upload.id)
        return stored

    async def _read_parts(self, upload: Upload) -> AsyncIterator[bytes]:
        for part in range(1, upload.count + 1):
            length = upload.length(part)
            for start in range(0, length, _READ):
                yield await self._store.backend.get(_key(upload.id, part), start, min(length, start + _READ))

    async def _discard(self, identity: str) -> None:
        """Remove the parts, then the row that tells about them: a crash in between is made good by the next reaping."""
        for part in [found.key async for found in self._store.backend.list(f"{_FOLDER}/{identity}")]:
            await self._store.backend.delete(part)
        await self._database.write(queries.remove, identity)


def _begin(connection: Connection, account_id: int, objects: Iterable[tuple[str, int]]) -> dict[str, Upload]:
    found = {}
    for oid, size in objects:
        values = (bytes.fromhex(oid), size, part_size(size), now_ms())
        found[oid] = queries.begin(connection, _identity(account_id, oid, size), account_id, *values)
    return found


def _check_complete(upload: Upload, parts: Sequence[CompletedPart]) -> None:
    named = {part.part_number: part.etag.strip('"') for part in parts}
    if len(upload.parts) != upload.count:
        raise BadRequest(reason=f"{len(upload.parts)} of {upload.count} parts have arrived")
    if named != upload.parts:
        raise BadRequest(reason="the parts named are not the parts that arrived")


def _identity(account_id: int, oid: str, size: int) -> str:
    return hashlib.sha256(f"{account_id}:{oid}:{size}".encode()).hexdigest()


def _digest(body: bytearray) -> str:
    return hashlib.sha256(body).hexdigest()


def _key(identity: str, part: int) -> str:
    return f"{_FOLDER}/{identity}/{part}"
