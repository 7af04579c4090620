"""Writing shards: what a client uploads, and answers to global dedup queries (docs/xet/shard.md)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from commonground.store.xet.hashing import HASH_LENGTH, Node, keyed, swap_words
from commonground.store.xet.shard import ShardFile, ShardXorb, Term
from commonground.store.xet.shard_format import (
    BOOKEND,
    CHUNK,
    CHUNK_GLOBAL_DEDUP,
    FILE_HAS_METADATA,
    FILE_HEADER,
    FILE_VERIFIED,
    HASH_RECORD,
    RECORD_LENGTH,
    TERM_RECORD,
    XORB_HEADER,
    ShardFooter,
    encode_footer,
    encode_header,
)
from commonground.store.xet.xorb_index import XorbIndex


def shard_file(
    file_hash: bytes, terms: Sequence[Term], verification: Sequence[bytes] | None = None, sha256: bytes | None = None
) -> ShardFile:
    """A file entry. `verification` is one hash a term; `sha256` the plain digest."""
    records = b"".join([TERM_RECORD.pack(t.xorb_hash, 0, t.length, t.start, t.end) for t in terms])
    proofs = None if verification is None else memoryview(b"".join([HASH_RECORD.pack(h) for h in verification]))
    return ShardFile(file_hash, memoryview(records), proofs, sha256)


def shard_xorb(
    xorb_hash: bytes, chunks: Sequence[Node], packed_length: int = 0, global_dedup: Iterable[int] = ()
) -> ShardXorb:
    """A xorb entry from (hash, unpacked length) of its chunks; `global_dedup` are positions to flag."""
    lengths = np.array([length for _, length in chunks], np.uint32)
    return _xorb(xorb_hash, b"".join([h for h, _ in chunks]), lengths, packed_length, list(global_dedup))


def serialize_shard(files: Iterable[ShardFile], xorbs: Iterable[ShardXorb], footer: ShardFooter | None = None) -> bytes:
    """A shard as clients upload it, or with `footer` as one that can be kept. Lookup tables are left out."""
    body = [encode_header(footer=footer is not None), *map(_file_block, files), BOOKEND]
    xorb_section = sum(map(len, body))
    body += [*map(_xorb_block, xorbs), BOOKEND]
    if footer is not None:
        body.append(encode_footer(xorb_section, sum(map(len, body)), footer))
    return b"".join(body)


def dedup_answer(xorbs: Iterable[tuple[bytes, XorbIndex]], key: bytes, *, created: int, expires: int) -> bytes:
    """The shard that answers a global dedup query: these xorbs, their chunk hashes keyed with `key`.

    `key` is 32 bytes, new for every answer and not zero (zero means plain hashes). `created` and `expires` are Unix
    seconds; clients stop using the answer after `expires`. A xorb of one chunk is named by the plain hash of that
    chunk, so put such a xorb in only when its chunk is the one that was asked for.
    """
    if len(key) != HASH_LENGTH or not any(key):
        raise ValueError("a dedup key is 32 bytes and not zero")
    blocks = [_keyed_xorb(xorb_hash, index, key) for xorb_hash, index in xorbs]
    return serialize_shard([], blocks, ShardFooter(key, created, expires))


def _keyed_xorb(xorb_hash: bytes, index: XorbIndex, key: bytes) -> ShardXorb:
    hashes = b"".join([keyed(h, key) for h in index.chunk_hashes(0, len(index))])
    return _xorb(xorb_hash, hashes, index.lengths, index.packed_length, [])


def _xorb(
    xorb_hash: bytes, hashes: bytes, lengths: npt.NDArray[np.uint32], packed_length: int, flagged: list[int]
) -> ShardXorb:
    ends = np.cumsum(lengths, dtype=np.int64)
    records = np.zeros(len(lengths), CHUNK)
    records["hash"] = np.frombuffer(hashes, f"V{HASH_LENGTH}")
    records["offset"] = ends - lengths
    records["length"] = lengths
    records["flags"][flagged] = CHUNK_GLOBAL_DEDUP
    return ShardXorb(xorb_hash, int(ends[-1]), packed_length, memoryview(records.tobytes()))


def _file_block(file: ShardFile) -> bytes:
    flags, parts = 0, [bytes(file.term_records)]
    if file.verification_records is not None:
        flags |= FILE_VERIFIED
        parts.append(bytes(file.verification_records))
    if file.sha256 is not None:
        flags |= FILE_HAS_METADATA
        parts.append(HASH_RECORD.pack(swap_words(file.sha256)))
    return FILE_HEADER.pack(file.hash, flags, len(file.term_records) // RECORD_LENGTH) + b"".join(parts)


def _xorb_block(xorb: ShardXorb) -> bytes:
    header = XORB_HEADER.pack(xorb.hash, 0, len(xorb.chunk_records) // RECORD_LENGTH, xorb.length, xorb.packed_length)
    return header + xorb.chunk_records
