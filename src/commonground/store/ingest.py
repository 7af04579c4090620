"""Plain bytes into the chunk store: chunked, deduplicated and packed as a Xet client would have done it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable

import msgspec
from sqlalchemy import Connection

from commonground.database import Database
from commonground.errors import DigestMismatch, SizeMismatch
from commonground.store import queries
from commonground.store.backends.base import Buffer
from commonground.store.merkle import FileHasher
from commonground.store.model import FileRecord, ReadGuard, StoredFile
from commonground.store.ownership import usable_chunks
from commonground.store.shards import Shards
from commonground.store.xet.chunking import Chunker
from commonground.store.xet.hashing import chunk_hash
from commonground.store.xet.shard import Term
from commonground.store.xet.xorb import ParsedXorb
from commonground.store.xet.xorb_packer import XorbPacker
from commonground.store.xorbs import Xorbs
from commonground.telemetry import UPLOADED

BATCH = 8 * 2**20
"""Bytes chunked, hashed and looked up at a time."""
REMEMBERED = 500_000
"""Chunks of the running upload that are recognised when they come again: 32 GiB at the usual chunk size."""

Hashed = tuple[bytes, bytes]
"""A chunk: its hash and its bytes."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a chunk lies: a xorb, or ``b""`` for the one being packed, and the position in it."""

    xorb_hash: bytes
    position: int


class Ingestor:
    """Takes in bytes that arrive by protocols other than Xet."""

    def __init__(self, database: Database, guard: ReadGuard, xorbs: Xorbs, shards: Shards) -> None:
        self._database = database
        self._guard = guard
        self._xorbs = xorbs
        self._shards = shards

    async def ingest(
        self, account_id: int, parts: AsyncIterator[Buffer], *, sha256: bytes | None, size: int | None
    ) -> StoredFile:
        """Store a stream; memory stays bounded whatever its length.

        :class:`DigestMismatch` and :class:`SizeMismatch` when it is not what was announced; then no file is recorded.
        """
        upload = _Upload(self._database, self._guard, self._xorbs, account_id)
        async for part in parts:
            await upload.feed(part, size)
        record = await upload.finish()
        if size is not None and record.size != size:
            raise SizeMismatch(actual=record.size, expected=size)
        if sha256 is not None and record.sha256 != sha256:
            raise DigestMismatch(actual=(record.sha256 or b"").hex(), expected=sha256.hex())
        UPLOADED.labels("plain").inc(record.size)
        return (await self._shards.register(account_id, [record]))[0]


class _Upload:
    """One stream on its way in."""

    def __init__(self, database: Database, guard: ReadGuard, xorbs: Xorbs, account_id: int) -> None:
        self._database, self._guard, self._xorbs, self._account_id = database, guard, xorbs, account_id
        self._digest, self._hasher, self._chunker = hashlib.sha256(), FileHasher(), Chunker()
        self._packer = XorbPacker()
        self._waiting: list[Buffer] = []
        self._waiting_bytes = self._size = 0
        self._seen: dict[bytes, Place] = {}
        self._terms: list[Term] = []  # of the xorb being packed they have no xorb hash yet
        self._open_terms: list[int] = []

    async def feed(self, part: Buffer, limit: int | None) -> None:
        """Take the next bytes; :class:`SizeMismatch` once they are more than ``limit``."""
        self._size += len(part)
        if limit is not None and self._size > limit:
            raise SizeMismatch(actual=f"at least {self._size}", expected=limit)
        self._waiting.append(part)
        self._waiting_bytes += len(part)
        if self._waiting_bytes >= BATCH:
            await self._take_batch(last=False)

    async def finish(self) -> FileRecord:
        """The stored file, not yet recorded."""
        await self._take_batch(last=True)
        await self._close_xorb()
        return FileRecord(
            hash=self._hasher.digest(), size=self._size, terms=tuple(self._terms), sha256=self._digest.digest()
        )

    async def _take_batch(self, *, last: bool) -> None:
        parts, self._waiting, self._waiting_bytes = self._waiting, [], 0
        chunks = await asyncio.to_thread(self._cut, parts, last)
        unknown = {name for name, _ in chunks if name not in self._seen}
        known = await self._database.read(_usable_places, self._guard, self._account_id, unknown)
        todo = iter(chunks)
        while (full := await asyncio.to_thread(self._place, todo, known)) is not None:
            await self._close_xorb()
            await asyncio.to_thread(self._place_one, *full, known)

    def _cut(self, parts: list[Buffer], last: bool) -> list[Hashed]:
        chunks: list[bytes] = []
        for part in parts:
            self._digest.update(part)
            chunks += self._chunker.feed(part)
        if last:
            chunks += self._chunker.finish()
        return [(chunk_hash(chunk), chunk) for chunk in chunks]

    def _place(self, chunks: Iterable[Hashed], known: dict[bytes, Place]) -> Hashed | None:
        """Place chunks until one does not fit the xorb; that one, or ``None``."""
        for name, chunk in chunks:
            if name not in known and name not in self._seen and not self._packer.fits(len(chunk)):
                return name, chunk
            self._place_one(name, chunk, known)
        return None

    def _place_one(self, name: bytes, chunk: bytes, known: dict[bytes, Place]) -> None:
        self._hasher.add((name, len(chunk)))
        place = self._seen.get(name) or known.get(name)
        if place is None:
            place = Place(b"", self._packer.add(chunk, name))
            self._seen[name] = place
        self._extend(place, len(chunk))

    def _extend(self, place: Place, length: int) -> None:
        last = self._terms[-1] if self._terms else None
        if last is not None and (last.xorb_hash, last.end) == (place.xorb_hash, place.position):
            self._terms[-1] = Term(last.xorb_hash, last.start, last.end + 1, last.length + length)
            return
        if not place.xorb_hash:
            self._open_terms.append(len(self._terms))
        self._terms.append(Term(place.xorb_hash, place.position, place.position + 1, length))

    async def _close_xorb(self) -> None:
        """Store the packed xorb and give its terms their hash."""
        if not len(self._packer):
            return
        body, parsed = await asyncio.to_thread(self._packer.finish)
        await self._xorbs.add(self._account_id, parsed, body)
        self._name_terms(parsed)

    def _name_terms(self, parsed: ParsedXorb) -> None:
        for at in self._open_terms:
            term = self._terms[at]
            self._terms[at] = Term(parsed.hash, term.start, term.end, term.length)
        self._open_terms.clear()
        if len(self._seen) > REMEMBERED:
            self._seen.clear()
        for position, chunk in enumerate(parsed.chunks):
            self._seen[chunk.hash] = Place(parsed.hash, position)


def _usable_places(
    connection: Connection, guard: ReadGuard, account_id: int, names: Iterable[bytes]
) -> dict[bytes, Place]:
    """Where the account may find these chunks."""
    found = queries.find_chunks(connection, names)
    xorbs = queries.find_xorbs_by_id(connection, {xorb_id for xorb_id, _ in found.values()})
    sound = [xorb for xorb in xorbs.values() if not xorb.damaged]
    masks = usable_chunks(connection, guard, account_id, sound)
    return {
        name: Place(xorbs[xorb_id].hash, position)
        for name, (xorb_id, position) in found.items()
        if (mask := masks.get(xorbs[xorb_id].hash)) is not None and mask[position]
    }
