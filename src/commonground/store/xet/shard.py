"""Reading shards (docs/xet/shard.md).

A shard is a header, a list of files, a list of xorbs and perhaps a footer, all in 48-byte records; clients upload it
without a footer. Records stay in the given buffer and become objects only when asked for, so a hostile shard costs
little more memory than its own bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from commonground.store.xet.errors import FormatError
from commonground.store.xet.hashing import HASH_LENGTH, Node, swap_words
from commonground.store.xet.limits import MAX_CHUNK_LENGTH, MAX_SHARD_LENGTH, MAX_XORB_CHUNKS, MAX_XORB_LENGTH
from commonground.store.xet.shard_format import (
    CHUNK,
    CHUNK_GLOBAL_DEDUP,
    FILE_HAS_METADATA,
    FILE_HEADER,
    FILE_VERIFIED,
    HASH_RECORD,
    RECORD_LENGTH,
    TERM,
    XORB_HEADER,
    ShardFooter,
    decode_footer,
    decode_header,
)

_END_HASH: Final = b"\xff" * HASH_LENGTH
_FILE_FLAGS: Final = FILE_VERIFIED | FILE_HAS_METADATA
_T = TypeVar("_T")


class Term(msgspec.Struct, frozen=True, gc=False):
    """A run [start, end) of chunks of a xorb that unpacks to `length` bytes of the file."""

    xorb_hash: bytes
    start: int
    end: int
    length: int


class ShardFile(msgspec.Struct, frozen=True):
    """A file and the records that rebuild it.

    `sha256` is the plain digest. A file of no bytes has the zero hash and no terms.
    """

    hash: bytes
    term_records: npt.NDArray[np.void]
    verification_records: memoryview | None
    sha256: bytes | None

    @property
    def terms(self) -> list[Term]:
        """The terms in file order."""
        return [Term(bytes(xorb), start, end, length) for xorb, _, length, start, end in self.term_records.tolist()]

    @property
    def verification(self) -> list[bytes] | None:
        """One verification hash a term, None when the uploader gave no proof."""
        if self.verification_records is None:
            return None
        return [h for (h,) in HASH_RECORD.iter_unpack(self.verification_records)]

    @property
    def first_chunk(self) -> tuple[bytes, int] | None:
        """Xorb and position of the first chunk, which clients look for by its hash alone; None for the empty file."""
        return (bytes(self.term_records["xorb"][0]), int(self.term_records["start"][0])) if self.length else None

    @property
    def length(self) -> int:
        """Bytes of the file."""
        return int(self.term_records["length"].sum(dtype=np.uint64))


class ShardXorb(msgspec.Struct, frozen=True):
    """A xorb and the chunks the uploader says it has.

    `length` is unpacked; `packed_length` is 0 where the writer does not tell, as clients do not.
    """

    hash: bytes
    length: int
    packed_length: int
    chunk_records: npt.NDArray[np.void]

    @property
    def chunks(self) -> list[Node]:
        """(hash, unpacked length) of the chunks in order; in a dedup answer the hashes are keyed."""
        return [(bytes(h), length) for h, _, length, _, _ in self.chunk_records.tolist()]

    @property
    def global_dedup_chunks(self) -> list[int]:
        """Positions of the chunks flagged to be found by their hash alone; none in what clients upload."""
        return np.flatnonzero(self.chunk_records["flags"] & CHUNK_GLOBAL_DEDUP).tolist()


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
    files = cursor.section(_read_file)
    xorb_section = cursor.at
    xorbs = cursor.section(_read_xorb)
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

    def section(self, read: Callable[[_Cursor, memoryview], _T]) -> list[_T]:
        """Everything `read` makes of the headers up to the bookend."""
        found = []
        while (header := self.take(1))[:HASH_LENGTH] != _END_HASH:
            found.append(read(self, header))
        return found


def _read_file(cursor: _Cursor, header: memoryview) -> ShardFile:
    file_hash, flags, count = FILE_HEADER.unpack(header)
    if flags & ~_FILE_FLAGS:
        raise FormatError(f"unknown file flags {flags:#x}")
    terms = np.frombuffer(cursor.take(count), TERM)
    _check_terms(terms)
    verification = cursor.take(count) if flags & FILE_VERIFIED else None
    sha256 = swap_words(bytes(cursor.take(1)[:HASH_LENGTH])) if flags & FILE_HAS_METADATA else None
    return ShardFile(file_hash, terms, verification, sha256)


def _check_terms(terms: npt.NDArray[np.void]) -> None:
    chunks = terms["end"].astype(np.int64) - terms["start"]
    if np.any(chunks < 1) or np.any(terms["end"] > MAX_XORB_CHUNKS):
        raise FormatError("a term names an impossible range of chunks")
    if np.any(terms["length"] < chunks) or np.any(terms["length"] > chunks * MAX_CHUNK_LENGTH):
        raise FormatError("a term cannot have its length with its number of chunks")


def _read_xorb(cursor: _Cursor, header: memoryview) -> ShardXorb:
    xorb_hash, _, count, length, packed_length = XORB_HEADER.unpack(header)
    if not 1 <= count <= MAX_XORB_CHUNKS or packed_length > MAX_XORB_LENGTH:
        raise FormatError(f"a xorb of {count} chunks and {packed_length} bytes is outside the limits")
    chunks = np.frombuffer(cursor.take(count), CHUNK)
    _check_chunks(chunks, length)
    return ShardXorb(xorb_hash, length, packed_length, chunks)


def _check_chunks(chunks: npt.NDArray[np.void], length: int) -> None:
    lengths = chunks["length"].astype(np.int64)
    if lengths.min() < 1 or lengths.max() > MAX_CHUNK_LENGTH:
        raise FormatError("a chunk of a listed xorb has an impossible length")
    ends = np.cumsum(lengths)
    if ends[-1] != length or np.any(chunks["offset"] != ends - lengths):
        raise FormatError("the chunks of a listed xorb do not follow one another")
