"""Reading xorbs: every header checked, every chunk unpacked and hashed once (docs/xet/xorb.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from commonground.store.xet import xorb_footer
from commonground.store.xet.compression import Scheme, decompress
from commonground.store.xet.errors import FormatError
from commonground.store.xet.hashing import chunk_hash, to_hex, xorb_hash
from commonground.store.xet.limits import (
    CHUNK_HEADER_LENGTH,
    MAX_CHUNK_LENGTH,
    MAX_PACKED_CHUNK_LENGTH,
    MAX_XORB_CHUNKS,
    MAX_XORB_LENGTH,
    MAX_XORB_UPLOAD,
)
from commonground.store.xet.xorb_index import XorbIndex

_VERSION: Final = 0
_SCHEMES: Final = frozenset(Scheme)


class ChunkHeader(msgspec.Struct, frozen=True, gc=False):
    """The 8 bytes before a chunk: packed length without them, scheme, unpacked length."""

    packed: int
    scheme: int
    length: int

    def encode(self) -> bytes:
        """Version byte, packed length u24, scheme u8, unpacked length u24, little-endian."""
        return (
            bytes((_VERSION,))
            + self.packed.to_bytes(3, "little")
            + bytes((self.scheme,))
            + self.length.to_bytes(3, "little")
        )

    @classmethod
    def decode(cls, data: bytes | memoryview) -> ChunkHeader:
        """Parse and check 8 bytes; FormatError with the reason."""
        if data[0] != _VERSION:
            raise FormatError(f"chunk header has unknown version {data[0]}")
        header = cls(int.from_bytes(data[1:4], "little"), data[4], int.from_bytes(data[5:8], "little"))
        if header.scheme not in _SCHEMES:
            raise FormatError(f"unknown compression scheme {header.scheme}")
        if not 0 < header.length <= MAX_CHUNK_LENGTH or not 0 < header.packed <= MAX_PACKED_CHUNK_LENGTH:
            raise FormatError(f"chunk of {header.length} bytes packed to {header.packed} is outside the limits")
        return header


class XorbChunk(msgspec.Struct, frozen=True, gc=False):
    """A verified chunk. `packed_offset` and `packed_length` cover its header; `length` is unpacked."""

    hash: bytes
    packed_offset: int
    packed_length: int
    length: int
    scheme: int


class ParsedXorb(msgspec.Struct, frozen=True):
    """A xorb whose hash and chunk hashes were recomputed from its bytes."""

    hash: bytes
    chunks: tuple[XorbChunk, ...]

    @property
    def packed_length(self) -> int:
        """Bytes of the chain of chunks: what to store. A footer, if one was uploaded, follows it."""
        last = self.chunks[-1]
        return last.packed_offset + last.packed_length

    @property
    def length(self) -> int:
        """Unpacked bytes of all chunks."""
        return sum(chunk.length for chunk in self.chunks)

    def index(self) -> XorbIndex:
        """The index to keep in the database."""
        return XorbIndex.of(
            [chunk.hash for chunk in self.chunks],
            [chunk.packed_offset + chunk.packed_length for chunk in self.chunks],
            [chunk.length for chunk in self.chunks],
        )


class XorbVerifier:
    """Verifies a xorb while it arrives; keeps no more than one incomplete chunk.

    One thread unpacks and hashes at memory speed, so there is no pool behind it: call it from a worker thread. Every
    method raises FormatError at the first fault it sees, after which the verifier is of no use.
    """

    def __init__(self) -> None:
        self._received = 0
        self._offset = 0
        self._rest = b""
        self._footer = bytearray()
        self._chunks: list[XorbChunk] = []

    def feed(self, data: bytes | memoryview) -> None:
        """Take the next bytes of the xorb; pieces of 64 KiB and more keep copying low."""
        self._received += len(data)
        if self._received > MAX_XORB_UPLOAD:
            raise FormatError(f"xorb is larger than {MAX_XORB_UPLOAD} bytes")
        if self._footer:
            self._footer += data
            return
        view, at = memoryview(self._rest + data if self._rest else data), 0
        while (end := self._take(view, at)) > at:
            at = end
        self._rest = bytes(view[at:])

    def finish(self, expected: bytes | None = None) -> ParsedXorb:
        """The verified xorb; `expected` is the hash it must have, if the caller knows one."""
        if self._rest:
            raise FormatError("xorb ends inside a chunk")
        if not self._chunks:
            raise FormatError("xorb holds no chunk")
        xorb = ParsedXorb(xorb_hash([(chunk.hash, chunk.length) for chunk in self._chunks]), tuple(self._chunks))
        if expected is not None and xorb.hash != expected:
            raise FormatError(f"xorb hash is {to_hex(xorb.hash)}, not {to_hex(expected)}")
        if self._footer:
            xorb_footer.check_footer(bytes(self._footer), xorb.hash, xorb.index())
        return xorb

    def _take(self, view: memoryview, at: int) -> int:
        """Take one chunk, or all the rest as footer, at `at`; return its end, or `at` while it is incomplete."""
        body = at + CHUNK_HEADER_LENGTH
        if body > len(view):
            return at
        if bytes(view[at:body]).startswith(xorb_footer.MARK):
            self._footer += view[at:]
            return len(view)
        header = ChunkHeader.decode(view[at:body])
        end = body + header.packed
        if end > len(view):
            return at
        self._verify(header, view[body:end])
        return end

    def _verify(self, header: ChunkHeader, packed: memoryview) -> None:
        if len(self._chunks) == MAX_XORB_CHUNKS:
            raise FormatError(f"xorb holds more than {MAX_XORB_CHUNKS} chunks")
        digest = chunk_hash(decompress(header.scheme, packed, header.length))
        length = CHUNK_HEADER_LENGTH + header.packed
        if self._offset + length > MAX_XORB_LENGTH:
            raise FormatError(f"the chunks of the xorb are larger than {MAX_XORB_LENGTH} bytes")
        self._chunks.append(XorbChunk(digest, self._offset, length, header.length, header.scheme))
        self._offset += length


def parse_xorb(data: bytes | memoryview, expected: bytes | None = None) -> ParsedXorb:
    """Verify a whole xorb, with or without a footer; FormatError with a readable reason.

    `expected` is the hash it must have.
    """
    verifier = XorbVerifier()
    verifier.feed(data)
    return verifier.finish(expected)


def iter_chunks(data: bytes | memoryview) -> Iterator[bytes]:
    """Unpack a run of whole packed chunks (headers included), one by one. FormatError on damage; no hash is checked."""
    view, at = memoryview(data), 0
    while at < len(view):
        body = at + CHUNK_HEADER_LENGTH
        if body > len(view):
            raise FormatError("packed chunks end inside a header")
        header = ChunkHeader.decode(view[at:body])
        at = body + header.packed
        if at > len(view):
            raise FormatError("packed chunks end inside a chunk")
        yield decompress(header.scheme, view[body:at], header.length)


def unpack_chunks(
    data: bytes | memoryview, lengths: Sequence[int], hashes: Sequence[bytes] | None = None
) -> list[bytes]:
    """Unpack the chunks [start, end) of a xorb from exactly their packed bytes.

    `lengths` are their unpacked lengths from the index; `hashes` are compared too if given (scrubbing). FormatError
    when the bytes hold other chunks than these.
    """
    chunks = list(iter_chunks(data))
    if [len(chunk) for chunk in chunks] != [int(length) for length in lengths]:
        raise FormatError("packed bytes do not hold the chunks of the index")
    if hashes is not None and [chunk_hash(chunk) for chunk in chunks] != list(hashes):
        raise FormatError("packed bytes hold other content than the index says")
    return chunks
