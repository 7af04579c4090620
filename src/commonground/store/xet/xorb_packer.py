"""Writing xorbs: chunks in, the bytes a client would upload out (docs/xet/xorb.md)."""

from __future__ import annotations

from collections.abc import Iterable

from commonground.store.xet.chunking import MAX_CHUNK
from commonground.store.xet.compression import compress
from commonground.store.xet.errors import FormatError
from commonground.store.xet.hashing import chunk_hash, xorb_hash
from commonground.store.xet.limits import CHUNK_HEADER_LENGTH, MAX_XORB_CHUNKS, MAX_XORB_CONTENT
from commonground.store.xet.xorb import ChunkHeader, ParsedXorb, XorbChunk


class XorbPacker:
    """Collects chunks until a xorb is full. Holds at most 64 MiB of packed bytes."""

    def __init__(self) -> None:
        self._reset()

    def __len__(self) -> int:
        """Chunks collected so far."""
        return len(self._chunks)

    @property
    def packed_length(self) -> int:
        """Bytes the xorb has so far."""
        return self._packed

    def fits(self, length: int) -> bool:
        """Whether one more chunk of `length` bytes is within the limits: 8192 chunks, 64 MiB of content."""
        return len(self._chunks) < MAX_XORB_CHUNKS and self._unpacked + length <= MAX_XORB_CONTENT

    def add(self, data: bytes, known_hash: bytes | None = None) -> int:
        """Append a chunk and return its position; `known_hash` saves hashing it again.

        FormatError when it does not fit or is empty or larger than 128 KiB.
        """
        if not 0 < len(data) <= MAX_CHUNK or not self.fits(len(data)):
            raise FormatError(f"a chunk of {len(data)} bytes does not fit the xorb")
        scheme, packed = compress(data)
        length = CHUNK_HEADER_LENGTH + len(packed)
        self._chunks.append(XorbChunk(known_hash or chunk_hash(data), self._packed, length, len(data), scheme))
        self._parts += (ChunkHeader(len(packed), scheme, len(data)).encode(), packed)
        self._packed += length
        self._unpacked += len(data)
        return len(self._chunks) - 1

    def finish(self) -> tuple[bytes, ParsedXorb]:
        """The xorb without a footer and its description; ready for the next xorb. FormatError when it has no chunk."""
        if not self._chunks:
            raise FormatError("xorb holds no chunk")
        root = xorb_hash([(chunk.hash, chunk.length) for chunk in self._chunks])
        done = b"".join(self._parts), ParsedXorb(root, tuple(self._chunks))
        self._reset()
        return done

    def _reset(self) -> None:
        self._chunks: list[XorbChunk] = []
        self._parts: list[bytes] = []
        self._packed = 0
        self._unpacked = 0


def pack_xorb(chunks: Iterable[bytes]) -> tuple[bytes, ParsedXorb]:
    """One xorb, without a footer, of all the chunks; FormatError when they do not fit one."""
    packer = XorbPacker()
    for chunk in chunks:
        packer.add(chunk)
    return packer.finish()
