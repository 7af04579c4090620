"""Compact index of a xorb: what a database row keeps so that reads need no xorb header."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from blake3 import blake3

from commonground.store.xet.errors import FormatError
from commonground.store.xet.hashing import HASH_LENGTH, VERIFICATION_KEY
from commonground.store.xet.limits import CHUNK_HEADER_LENGTH, MAX_CHUNK_LENGTH, MAX_XORB_CHUNKS, MAX_XORB_LENGTH

_HEADER: Final = struct.Struct("<4sI")
_MAGIC: Final = b"XIX1"
_ROW_LENGTH: Final = HASH_LENGTH + 4 + 4

Offsets = npt.NDArray[np.uint32]


class XorbIndex:
    """Hash, packed end and unpacked length of every chunk of one xorb. Immutable; 40 bytes a chunk.

    Offsets are bytes from the start of the xorb, chunk headers included where packed. Chunk ranges are [start, end);
    one that is empty or leaves the xorb raises FormatError, as terms come from clients.
    """

    __slots__ = ("_ends", "_hashes", "_lengths", "_unpacked")

    def __init__(self, hashes: bytes, packed_ends: Offsets, lengths: Offsets) -> None:
        """`hashes` is 32 bytes a chunk; the columns are checked against the limits of the format."""
        _check_columns(hashes, packed_ends, lengths)
        self._hashes = hashes
        self._ends = packed_ends
        self._lengths = lengths
        self._unpacked: Offsets = np.concatenate(([0], np.cumsum(lengths, dtype=np.uint64))).astype(np.uint32)

    @classmethod
    def of(cls, hashes: Sequence[bytes], packed_ends: Sequence[int], lengths: Sequence[int]) -> Self:
        """Index from plain columns, one entry a chunk."""
        return cls(b"".join(hashes), np.array(packed_ends, "<u4"), np.array(lengths, "<u4"))

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Inverse of `encode`; FormatError on anything it did not write."""
        if len(data) < _HEADER.size:
            raise FormatError("xorb index is too short")
        magic, count = _HEADER.unpack_from(data)
        if magic != _MAGIC or len(data) != _HEADER.size + count * _ROW_LENGTH:
            raise FormatError("not a xorb index")
        columns = _HEADER.size + count * HASH_LENGTH
        numbers = np.frombuffer(data, "<u4", 2 * count, columns)
        return cls(data[_HEADER.size : columns], numbers[:count], numbers[count:])

    def encode(self) -> bytes:
        """8-byte header, then three columns: hashes, packed ends (u32), unpacked lengths (u32)."""
        return _HEADER.pack(_MAGIC, len(self)) + self._hashes + self._ends.tobytes() + self._lengths.tobytes()

    def __len__(self) -> int:
        return len(self._ends)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, XorbIndex) and self.encode() == other.encode()

    def __hash__(self) -> int:
        return hash(self._hashes)

    @property
    def packed_length(self) -> int:
        """Bytes of all packed chunks with their headers: the xorb without a footer."""
        return int(self._ends[-1])

    @property
    def packed_ends(self) -> Offsets:
        """End of every packed chunk in the xorb."""
        return self._ends

    @property
    def lengths(self) -> Offsets:
        """Unpacked length of every chunk."""
        return self._lengths

    @property
    def unpacked_offsets(self) -> Offsets:
        """Start of every chunk in the unpacked xorb, and its total as last entry: len(self) + 1 entries."""
        return self._unpacked

    @property
    def hashes(self) -> bytes:
        """All chunk hashes in order, 32 bytes each."""
        return self._hashes

    def chunk_hash(self, chunk: int) -> bytes:
        """Hash of one chunk."""
        return self.chunk_hashes(chunk, chunk + 1)[0]

    def chunk_hashes(self, start: int, end: int) -> list[bytes]:
        """Hashes of the chunks [start, end)."""
        self._check(start, end)
        return [
            self._hashes[at : at + HASH_LENGTH] for at in range(start * HASH_LENGTH, end * HASH_LENGTH, HASH_LENGTH)
        ]

    def packed_range(self, start: int, end: int) -> tuple[int, int]:
        """Bytes [start, end) of the xorb that hold the chunks [start, end)."""
        self._check(start, end)
        return (int(self._ends[start - 1]) if start else 0), int(self._ends[end - 1])

    def unpacked_length(self, start: int, end: int) -> int:
        """Bytes that the chunks [start, end) unpack to."""
        self._check(start, end)
        return int(self._unpacked[end]) - int(self._unpacked[start])

    def verification_hash(self, start: int, end: int) -> bytes:
        """What an honest shard says about the term [start, end) (docs/xet/hashing.md, Term Verification Hashes)."""
        self._check(start, end)
        return blake3(self._hashes[start * HASH_LENGTH : end * HASH_LENGTH], key=VERIFICATION_KEY).digest()

    def _check(self, start: int, end: int) -> None:
        if not 0 <= start < end <= len(self):
            raise FormatError(f"chunks [{start}, {end}) are not in a xorb of {len(self)} chunks")


def _check_columns(hashes: bytes, ends: Offsets, lengths: Offsets) -> None:
    count = len(ends)
    if not 1 <= count <= MAX_XORB_CHUNKS or len(lengths) != count or len(hashes) != count * HASH_LENGTH:
        raise FormatError("xorb index columns disagree or hold too many chunks")
    packed = np.diff(ends.astype(np.int64), prepend=0)
    if packed.min() <= CHUNK_HEADER_LENGTH or ends[-1] > MAX_XORB_LENGTH:
        raise FormatError("xorb index has impossible packed offsets")
    if lengths.min() < 1 or lengths.max() > MAX_CHUNK_LENGTH:
        raise FormatError("xorb index has impossible chunk lengths")
