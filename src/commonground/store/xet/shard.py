"""Reading shards (docs/xet/shard.md).

A shard is a header, a list of files, a list of xorbs and perhaps a footer, all in 48-byte records; clients upload it
without a footer. Terms and chunks stay in the given buffer and become objects only when asked for; checks run over
many records at once, so a shard of the largest size with the smallest files takes a second or two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from commonground.store.xet.errors import FormatError
from commonground.store.xet.hashing import HASH_LENGTH, Node, swap_words
from commonground.store.xet.limits import MAX_CHUNK_LENGTH, MAX_SHARD_LENGTH, MAX_XORB_CHUNKS, MAX_XORB_LENGTH
from commonground.store.xet.shard_format import (
    CHUNK,
    CHUNK_GLOBAL_DEDUP,
    CHUNK_RECORD,
    FILE_HAS_METADATA,
    FILE_HEADER,
    FILE_VERIFIED,
    HASH_RECORD,
    RECORD_LENGTH,
    TERM,
    TERM_RECORD,
    XORB_HEADER,
    ShardFooter,
    decode_footer,
    decode_header,
)

_END_HASH: Final = b"\xff" * HASH_LENGTH
_FILE_FLAGS: Final = FILE_VERIFIED | FILE_HAS_METADATA
_BATCH: Final = 1024 * 1024


class Term(msgspec.Struct, frozen=True, gc=False):
    """A run [start, end) of chunks of a xorb that unpacks to `length` bytes of the file."""

    xorb_hash: bytes
    start: int
    end: int
    length: int


class ShardFile(msgspec.Struct, frozen=True, gc=False):
    """A file and the records that rebuild it.

    `sha256` is the plain digest. A file of no bytes has the zero hash and no terms.
    """

    hash: bytes
    term_records: memoryview
    verification_records: memoryview | None
    sha256: bytes | None

    @property
    def terms(self) -> list[Term]:
        """The terms in file order."""
        return [
            Term(xorb, start, end, length) for xorb, _, length, start, end in TERM_RECORD.iter_unpack(self.term_records)
        ]

    @property
    def verification(self) -> list[bytes] | None:
        """One verification hash a term, None when the uploader gave no proof."""
        if self.verification_records is None:
            return None
        return [h for (h,) in HASH_RECORD.iter_unpack(self.verification_records)]

    @property
    def first_chunk(self) -> tuple[bytes, int] | None:
        """Xorb and position of the first chunk, which clients look for by its hash alone; None for the empty file."""
        if not self.term_records:
            return None
        xorb, _, _, start, _ = TERM_RECORD.unpack_from(self.term_records)
        return xorb, start

    @property
    def length(self) -> int:
        """Bytes of the file."""
        return int(np.frombuffer(self.term_records, TERM)["length"].sum(dtype=np.uint64))


class ShardXorb(msgspec.Struct, frozen=True, gc=False):
    """A xorb and the chunks the uploader says it has.

    `length` is unpacked; `packed_length` is 0 where the writer does not tell, as clients do not.
    """

    hash: bytes
    length: int
    packed_length: int
    chunk_records: memoryview

    @property
    def chunks(self) -> list[Node]:
        """(hash, unpacked length) of the chunks in order; in a dedup answer the hashes are keyed."""
        return [(h, length) for h, _, length, _, _ in CHUNK_RECORD.iter_unpack(self.chunk_records)]

    @property
    def global_dedup_chunks(self) -> list[int]:
        """Positions of the chunks flagged to be found by their hash alone; none in what clients upload."""
        flags = np.frombuffer(self.chunk_records, CHUNK)["flags"]
        found: list[int] = np.flatnonzero(flags & CHUNK_GLOBAL_DEDUP).tolist()
        return found


class Shard(msgspec.Struct, frozen=True):
    """A shard whose every count and offset was checked. Its claims about hashes were not."""

    files: list[ShardFile]
    xorbs: list[ShardXorb]
    footer: ShardFooter | None


def parse_shard(data: bytes | memoryview) -> Shard:
    """Read a whole shard, with or without a footer; FormatError with a readable reason. `data` must not change."""
    if len(data) > MAX_SHARD_LENGTH:
        raise FormatError(f"shard is larger than {MAX_SHARD_LENGTH} bytes")
    has_footer = decode_header(data)
    cursor = _Cursor(memoryview(data).cast("B"), RECORD_LENGTH)
    files = _read_files(cursor)
    xorb_section = cursor.at
    xorbs = _read_xorbs(cursor)
    if has_footer:
        return Shard(files, xorbs, decode_footer(cursor.data, xorb_section, cursor.at))
    if cursor.at != len(data):
        raise FormatError("bytes follow the end of the shard")
    return Shard(files, xorbs, None)


class _Cursor:
    """Walks the records of a buffer and never past its end."""

    def __init__(self, data: memoryview, at: int) -> None:
        self.data = data
        self.at = at

    def take(self, records: int) -> memoryview:
        """The next `records` records."""
        end = self.at + records * RECORD_LENGTH
        if end > len(self.data):
            raise FormatError("shard ends inside a section")
        taken = self.data[self.at : end]
        self.at = end
        return taken


def _read_files(cursor: _Cursor) -> list[ShardFile]:
    files = []
    while (header := FILE_HEADER.unpack(cursor.take(1)))[0] != _END_HASH:
        files.append(_read_file(cursor, *header))
    for records in _batches([file.term_records for file in files]):
        _check_terms(np.frombuffer(b"".join(records), TERM))
    return files


def _read_file(cursor: _Cursor, file_hash: bytes, flags: int, count: int) -> ShardFile:
    if flags & ~_FILE_FLAGS:
        raise FormatError(f"unknown file flags {flags:#x}")
    terms = cursor.take(count)
    verification = cursor.take(count) if flags & FILE_VERIFIED else None
    sha256 = swap_words(bytes(cursor.take(1)[:HASH_LENGTH])) if flags & FILE_HAS_METADATA else None
    return ShardFile(file_hash, terms, verification, sha256)


def _check_terms(terms: npt.NDArray[np.void]) -> None:
    chunks = terms["end"].astype(np.int64) - terms["start"]
    if np.any(chunks < 1) or np.any(terms["end"] > MAX_XORB_CHUNKS):
        raise FormatError("a term names an impossible range of chunks")
    if np.any(terms["length"] < chunks) or np.any(terms["length"] > chunks * MAX_CHUNK_LENGTH):
        raise FormatError("a term cannot have its length with its number of chunks")


def _read_xorbs(cursor: _Cursor) -> list[ShardXorb]:
    xorbs = []
    while (header := XORB_HEADER.unpack(cursor.take(1)))[0] != _END_HASH:
        xorbs.append(_read_xorb(cursor, *header))
    lengths = iter([xorb.length for xorb in xorbs])
    for records in _batches([xorb.chunk_records for xorb in xorbs]):
        _check_chunks(records, np.fromiter(lengths, np.int64, len(records)))
    return xorbs


def _read_xorb(cursor: _Cursor, xorb_hash: bytes, _: int, count: int, length: int, packed_length: int) -> ShardXorb:
    if not 1 <= count <= MAX_XORB_CHUNKS or packed_length > MAX_XORB_LENGTH:
        raise FormatError(f"a xorb of {count} chunks and {packed_length} bytes is outside the limits")
    return ShardXorb(xorb_hash, length, packed_length, cursor.take(count))


def _check_chunks(records: list[memoryview], xorb_lengths: npt.NDArray[np.int64]) -> None:
    """Check the chunks of several xorbs, one buffer and one unpacked length each."""
    chunks = np.frombuffer(b"".join(records), CHUNK)
    lengths = chunks["length"].astype(np.int64)
    if lengths.min() < 1 or lengths.max() > MAX_CHUNK_LENGTH:
        raise FormatError("a chunk of a listed xorb has an impossible length")
    counts = np.array([len(part) // RECORD_LENGTH for part in records])
    ends = np.cumsum(lengths)
    totals = np.diff(ends[np.cumsum(counts) - 1], prepend=0)
    starts = np.repeat(np.cumsum(totals) - totals, counts)
    if np.any(totals != xorb_lengths) or np.any(chunks["offset"] != ends - lengths - starts):
        raise FormatError("the chunks of a listed xorb do not follow one another")


def _batches(parts: list[memoryview]) -> Iterator[list[memoryview]]:
    """The parts in order, in lists of about 1 MiB."""
    batch: list[memoryview] = []
    size = 0
    for part in parts:
        batch.append(part)
        size += len(part)
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
