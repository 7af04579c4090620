"""Xorbs: taken in verified, read back verified."""

import asyncio
import os
import time
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection

from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.errors import BlobNotFound, CorruptBlob, InvalidXorb
from commonground.store import queries
from commonground.store.backends import Backend
from commonground.store.backends.base import Buffer
from commonground.store.lru import LeastRecent
from commonground.store.model import StoredXorb, new_generation, xorb_key
from commonground.store.xet.errors import FormatError
from commonground.store.xet.hashing import to_hex
from commonground.store.xet.xorb import ParsedXorb, parse_xorb, unpack_chunks
from commonground.telemetry import STORED, UPLOADED

RECHECK_SECONDS = 900
"""How long a local file counts as intact after it was verified, while the file system shows no change to it."""


class Xorbs:
    """The xorbs of one backend. ``memory`` bounds the chunk indexes kept in memory, in bytes."""

    def __init__(self, database: Database, backend: Backend, memory: int) -> None:
        self._database = database
        self._backend = backend
        self._known: LeastRecent[bytes, StoredXorb] = LeastRecent(memory)
        self._intact: LeastRecent[Path, tuple[tuple[int, ...], float]] = LeastRecent(10_000)

    async def put(self, account_id: int, xorb_hash: bytes, body: Buffer) -> bool:
        """Verify a xorb and keep it; whether it was new. :class:`InvalidXorb` says what is wrong with it.

        A known xorb is verified all the same: its hash alone gives the uploader no right to it.
        """
        return await self.add(account_id, await _parse(body, xorb_hash), body)

    async def take_over(self, account_id: int, xorb_hash: bytes, granted: str, length: int) -> bool:
        """The same for a body that its uploader has put into the backend under the key ``granted``.

        It is copied before it is verified: the uploader could still replace the object it was granted.
        """
        if await self._backend.size(granted) is None:
            raise BlobNotFound(oid=to_hex(xorb_hash))
        generation = new_generation()
        key = xorb_key(xorb_hash, generation)
        await self._backend.copy(granted, key)
        await self._backend.delete(granted)
        try:
            parsed = await self._parse_object(key, xorb_hash, length)
        except InvalidXorb:
            await self._backend.delete(key)
            raise
        known, sound = await self._examine(xorb_hash)
        return await self._adopt(account_id, parsed, generation, None if sound else known)

    async def _parse_object(self, key: str, xorb_hash: bytes, length: int) -> ParsedXorb:
        if await self._backend.size(key) != length:
            raise InvalidXorb(reason=f"it does not have the {length} bytes announced")
        parsed = await _parse(await self._backend.get(key), xorb_hash)
        if parsed.packed_length != length:
            raise InvalidXorb(reason="it must be uploaded without a footer")
        return parsed

    async def add(self, account_id: int, parsed: ParsedXorb, body: Buffer) -> bool:
        """Keep a xorb that this process verified or packed itself; whether it was new."""
        known, sound = await self._examine(parsed.hash)
        if sound and await self._database.write(_claim, account_id, parsed.hash):
            return False
        generation = new_generation()
        key = xorb_key(parsed.hash, generation)
        await self._backend.put(key, memoryview(body)[: parsed.packed_length])
        if (path := self._backend.local_path(key)) is not None:
            self._intact.put(path, (_fingerprint(path), time.monotonic()))
        return await self._adopt(account_id, parsed, generation, None if sound else known)

    async def _adopt(self, account_id: int, parsed: ParsedXorb, generation: int, broken: int | None) -> bool:
        """Make the verified object of this generation the xorb's body if there is none or a ``broken`` one; whether
        the xorb was new.
        """
        obsolete, is_new = await self._database.write(_record, account_id, parsed, generation, broken)
        self._known.forget(parsed.hash)
        if obsolete is not None:
            await self._backend.delete(xorb_key(parsed.hash, obsolete))
        if is_new:
            STORED.inc(parsed.packed_length)
        return is_new

    async def find(self, xorb_hash: bytes) -> StoredXorb:
        """A known xorb; :class:`CorruptBlob` when it is gone or was found damaged."""
        xorb = self._known.get(xorb_hash)
        if xorb is None:
            await self.load([xorb_hash])
            xorb = self._known.get(xorb_hash)
        if xorb is None or xorb.damaged:
            raise CorruptBlob(oid=to_hex(xorb_hash))
        return xorb

    async def load(self, hashes: Iterable[bytes]) -> dict[bytes, StoredXorb]:
        """The known ones of these xorbs, by hash."""
        found = {item: xorb for item in hashes if (xorb := self._known.get(item)) is not None}
        missing = [item for item in hashes if item not in found]
        if missing:
            for xorb in (await self._database.read(queries.find_xorbs, missing)).values():
                self._known.put(xorb.hash, xorb, 200 + 40 * len(xorb.index))
                found[xorb.hash] = xorb
        return found

    def forget(self, xorb_hash: bytes) -> None:
        """Ask the database again the next time."""
        self._known.forget(xorb_hash)

    async def chunks(self, xorb_hash: bytes, start: int, end: int) -> list[bytes]:
        """The unpacked chunks [start, end), each with the hash the index has; :class:`CorruptBlob` otherwise."""
        xorb = await self.find(xorb_hash)
        try:
            return await self._chunks(xorb, start, end)
        except CorruptBlob:
            return await self._chunks(await self._replacement(xorb), start, end)

    async def packed(self, xorb_hash: bytes, start: int, end: int) -> bytes:
        """The bytes [start, end) of a xorb as stored. The chunks they lie in are verified first."""
        xorb = await self.find(xorb_hash)
        try:
            return await self._packed(xorb, start, end)
        except CorruptBlob:
            return await self._packed(await self._replacement(xorb), start, end)

    async def intact_path(self, xorb_hash: bytes) -> Path | None:
        """A local file with the whole xorb, verified not long ago; ``None`` when the backend is elsewhere."""
        xorb = await self.find(xorb_hash)
        path = self._backend.local_path(xorb.key)
        if path is not None and not self._is_intact(path):
            before = _fingerprint(path)
            await self.verify(xorb)
            self._intact.put(path, (before, time.monotonic()))
        return path

    async def verify(self, xorb: StoredXorb) -> None:
        """Re-hash every chunk of a xorb; :class:`CorruptBlob` when one differs."""
        data = await self._read(xorb, 0, xorb.packed_length)
        await self._unpack(xorb, data, 0, len(xorb.index))

    async def _chunks(self, xorb: StoredXorb, start: int, end: int) -> list[bytes]:
        data = await self._read(xorb, *xorb.index.packed_range(start, end))
        return await self._unpack(xorb, data, start, end)

    async def _packed(self, xorb: StoredXorb, start: int, end: int) -> bytes:
        path = self._backend.local_path(xorb.key)
        if path is not None and self._is_intact(path):
            return await self._read(xorb, start, end)
        ends = xorb.index.packed_ends
        first, last = int(ends.searchsorted(start, "right")), int(ends.searchsorted(end, "left"))
        low, high = xorb.index.packed_range(first, last + 1)
        data = await self._read(xorb, low, high)
        await self._unpack(xorb, data, first, last + 1)
        return data if (low, high) == (start, end) else data[start - low : end - low]

    async def _replacement(self, xorb: StoredXorb) -> StoredXorb:
        """The xorb with the bytes that another process has put in the place of damaged ones, if it has."""
        self.forget(xorb.hash)
        fresh = await self.find(xorb.hash)
        same_layout = bool((fresh.index.packed_ends == xorb.index.packed_ends).all())
        if fresh.generation == xorb.generation or not same_layout:
            raise CorruptBlob(oid=to_hex(xorb.hash))
        return fresh

    async def _read(self, xorb: StoredXorb, start: int, end: int) -> bytes:
        try:
            data = await self._backend.get(xorb.key, start, end)
        except BlobNotFound:
            data = b""
        if len(data) != end - start:
            raise CorruptBlob(oid=to_hex(xorb.hash))
        return data

    async def _unpack(self, xorb: StoredXorb, data: bytes, start: int, end: int) -> list[bytes]:
        index = xorb.index
        try:
            return await asyncio.to_thread(
                unpack_chunks, data, index.lengths[start:end].tolist(), index.chunk_hashes(start, end)
            )
        except FormatError as error:
            raise CorruptBlob(oid=to_hex(xorb.hash)) from error

    async def _examine(self, xorb_hash: bytes) -> tuple[int | None, bool]:
        """The generation of a known xorb, and whether it is not damaged and its object has the right length."""
        self._known.forget(xorb_hash)
        xorb = (await self.load([xorb_hash])).get(xorb_hash)
        if xorb is None:
            return None, False
        sound = not xorb.damaged and await self._backend.size(xorb.key) == xorb.packed_length
        return xorb.generation, sound

    def _is_intact(self, path: Path) -> bool:
        entry = self._intact.get(path)
        return entry is not None and time.monotonic() - entry[1] < RECHECK_SECONDS and entry[0] == _fingerprint(path)


async def _parse(body: Buffer, xorb_hash: bytes) -> ParsedXorb:
    UPLOADED.labels("xet").inc(len(body))
    try:
        return await asyncio.to_thread(parse_xorb, memoryview(body), xorb_hash)
    except FormatError as error:
        raise InvalidXorb(reason=str(error)) from None


def _fingerprint(path: Path) -> tuple[int, ...]:
    try:
        status = os.stat(path)  # noqa: PTH116 - a tenth of the cost of Path.stat, on the hot path of downloads
    except FileNotFoundError:
        return ()
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _claim(connection: Connection, account_id: int, xorb_hash: bytes) -> bool:
    """Record the upload of a known xorb; False when it has gone."""
    row = queries.hold_xorb(connection, xorb_hash)
    if row is not None:
        queries.add_xorb_upload(connection, account_id, row.id, now_ms())
    return row is not None


def _record(
    connection: Connection, account_id: int, parsed: ParsedXorb, generation: int, broken: int | None
) -> tuple[int | None, bool]:
    """Add or heal the row; the generation whose object is of no more use, if any, and whether the xorb was new.

    Only the generation that was found broken is replaced: a rival may have written a sound one in the meantime.
    """
    obsolete: int | None = None
    xorb_id = queries.add_xorb(connection, parsed, generation, now_ms())
    is_new = xorb_id is not None
    if xorb_id is None:
        row = queries.lock_xorb(connection, parsed.hash)
        assert row is not None, "an insert that was ignored has met a row"
        xorb_id, obsolete = row.id, generation
        if row.generation == broken:
            obsolete = row.generation
            queries.replace_xorb(connection, row.id, parsed, generation)
    queries.add_xorb_upload(connection, account_id, xorb_id, now_ms())
    return obsolete, is_new
