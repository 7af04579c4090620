"""Shards: every claim is checked before a file is recorded.

A term stands only if its uploader may use its chunks and proves by the verification hash to know them; the file hash
is computed again from the chunks.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Final

import msgspec
import numpy as np
from sqlalchemy import Connection

from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.errors import DigestMismatch, InvalidShard
from commonground.store import queries
from commonground.store.backends.base import Buffer
from commonground.store.merkle import FileHasher
from commonground.store.model import FileRecord, ReadGuard, StoredFile, StoredXorb
from commonground.store.ownership import Mask, usable_chunks
from commonground.store.terms import xorb_hashes
from commonground.store.verification import Verifier
from commonground.store.xet.errors import FormatError
from commonground.store.xet.hashing import to_hex
from commonground.store.xet.shard import Shard, ShardFile, Term, parse_shard
from commonground.store.xet.shard_format import TERM
from commonground.telemetry import UPLOADED

MAX_CHUNKS: Final = 4 * 2**20
"""Chunks of all files of one shard, counted as often as they are used: 256 GiB at the usual chunk size."""


class Known(msgspec.Struct, frozen=True):
    """The xorbs a shard names that exist, and what its uploader may use of them."""

    xorbs: dict[bytes, StoredXorb]
    usable: dict[bytes, Mask]


class Shards:
    """Takes shards in."""

    def __init__(self, database: Database, guard: ReadGuard, verifier: Verifier) -> None:
        self._database = database
        self._guard = guard
        self._verifier = verifier

    async def add(self, account_id: int, body: Buffer) -> list[StoredFile]:
        """Check a shard and record its files; all of them or none.

        :class:`InvalidShard` says what is wrong, :class:`DigestMismatch` when a claimed SHA-256 is.
        """
        UPLOADED.labels("xet").inc(len(body))
        try:
            shard = await asyncio.to_thread(parse_shard, bytes(body))
            known = await self._database.read(_find, self._guard, account_id, _named(shard))
            records = await asyncio.to_thread(_check, shard, known)
        except FormatError as error:
            raise InvalidShard(reason=str(error)) from None
        records = await self._verifier.hash_small(records)
        return await self.register(account_id, records)

    async def register(self, account_id: int, records: Collection[FileRecord]) -> list[StoredFile]:
        """Record checked files, and that the account uploaded them, in one transaction."""
        return await self._database.write(_register, self._verifier, account_id, records)


def _named(shard: Shard) -> set[bytes]:
    used = (np.unique(np.frombuffer(file.term_records, TERM)["xorb"]).tolist() for file in shard.files)
    return {bytes(name) for names in used for name in names} | {xorb.hash for xorb in shard.xorbs}


def _find(connection: Connection, guard: ReadGuard, account_id: int, hashes: Collection[bytes]) -> Known:
    xorbs = queries.find_xorbs(connection, hashes)
    if missing := set(hashes) - set(xorbs):
        raise FormatError(f"xorb {to_hex(min(missing))} is not here: upload it first")
    return Known(xorbs, usable_chunks(connection, guard, account_id, xorbs.values()))


def _check(shard: Shard, known: Known) -> list[FileRecord]:
    if sum(map(_count_chunks, shard.files)) > MAX_CHUNKS:
        raise FormatError(f"its files have more than {MAX_CHUNKS} chunks")
    return [_check_file(file, known) for file in shard.files]


def _count_chunks(file: ShardFile) -> int:
    terms = np.frombuffer(file.term_records, TERM)
    return int((terms["end"].astype(np.int64) - terms["start"]).sum())


def _check_file(file: ShardFile, known: Known) -> FileRecord:
    terms, proofs, hasher = file.terms, file.verification, FileHasher()
    if proofs is None:
        raise FormatError(f"file {to_hex(file.hash)} has no verification hashes")
    for term, proof in zip(terms, proofs, strict=True):
        _check_term(term, proof, known)
        index = known.xorbs[term.xorb_hash].index
        lengths = index.lengths[term.start : term.end].tolist()
        for node in zip(index.chunk_hashes(term.start, term.end), lengths, strict=True):
            hasher.add(node)
    if hasher.digest() != file.hash:
        raise FormatError(f"the chunks of file {to_hex(file.hash)} have another file hash")
    return FileRecord(hash=file.hash, size=file.length, terms=tuple(terms), claim=file.sha256)


def _check_term(term: Term, proof: bytes, known: Known) -> None:
    xorb = known.xorbs[term.xorb_hash]
    if xorb.index.unpacked_length(term.start, term.end) != term.length:
        raise FormatError(f"a term of xorb {to_hex(xorb.hash)} has another length than its chunks")
    # One answer to both faults: it does not tell a stranger what the xorb of somebody else holds.
    allowed = bool(known.usable[xorb.hash][term.start : term.end].all())
    if not allowed or xorb.index.verification_hash(term.start, term.end) != proof:
        raise FormatError(f"chunks [{term.start}, {term.end}) of xorb {to_hex(xorb.hash)} are not proven: upload them")


def _register(
    connection: Connection, verifier: Verifier, account_id: int, records: Collection[FileRecord]
) -> list[StoredFile]:
    names = {name for record in records for name in xorb_hashes(record.terms)}
    ids = {name: xorb.id for name, xorb in _ids(connection, names).items()}
    moment = now_ms()
    return [_register_file(connection, verifier, account_id, record, ids, moment) for record in records]


def _ids(connection: Connection, names: Collection[bytes]) -> Mapping[bytes, StoredXorb]:
    """The xorbs, held until the transaction ends: gc may have come between the check and now."""
    found = queries.find_xorbs(connection, names)
    held = queries.hold_xorbs(connection, [xorb.id for xorb in found.values()])
    if len(held) < len(names):
        raise InvalidShard(reason="a xorb has been removed since it was uploaded: upload it again")
    return found


def _register_file(
    connection: Connection,
    verifier: Verifier,
    account_id: int,
    record: FileRecord,
    ids: Mapping[bytes, int],
    moment: int,
) -> StoredFile:
    queries.add_file(connection, record, [ids[name] for name in xorb_hashes(record.terms)], moment)
    known = queries.find_file(connection, record.hash)
    assert known is not None, "it was added in this transaction"
    if known.sha256 is None:
        verifier.enqueue(connection, record.hash)
    elif record.claim not in {None, known.sha256}:
        raise DigestMismatch(actual=known.sha256.hex(), expected=(record.claim or b"").hex())
    queries.add_file_upload(connection, account_id, record.hash, known.sha256 or record.claim, moment)
    return msgspec.structs.replace(record, sha256=known.sha256).stored()
