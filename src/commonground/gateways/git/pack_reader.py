"""Reads a pack file object by object, in one forward pass and in bounded memory."""

import hashlib
import os
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from commonground.errors import PushRejected
from commonground.hub.revisions.objects import BLOB, KIND_NAMES

OBJECT_LIMIT = 2_000_000
STRUCTURE_LIMIT = 64 * 2**20  # bytes of one commit, tree or tag
OFS_DELTA, REF_DELTA = 6, 7

_WINDOW = 2**18
_FEED = 4096
_TRAILER = 20


class PackEntry(NamedTuple):
    """One entry. ``base`` is the offset (OFS_DELTA) or raw id (REF_DELTA) a delta builds on. ``data`` is the inflated
    body or delta, or ``None`` for a body above the limit, whose id is then ``sha``.
    """

    offset: int
    kind: int
    size: int
    base: int | bytes | None
    data: bytes | None
    sha: bytes | None = None


class PackReader:
    """A pack from the current position of ``file`` to its end. Raises :class:`PushRejected` on anything malformed."""

    def __init__(self, file: BinaryIO, blob_limit: int) -> None:
        self._file, self._blob_limit = file, blob_limit
        self._start = file.tell()
        self._end = file.seek(0, os.SEEK_END) - _TRAILER
        self._window, self._window_at = b"", 0
        self.count = self._read_header()

    def verify(self) -> None:
        """Check the SHA-1 at the end of the pack."""
        digest = hashlib.sha1(usedforsecurity=False)
        self._file.seek(self._start)
        left = self._end - self._start
        while left > 0 and (part := self._file.read(min(left, 2**20))):
            digest.update(part)
            left -= len(part)
        if self._file.read(_TRAILER) != digest.digest():
            raise PushRejected(reason="the pack does not match its checksum")

    def entries(self) -> Iterator[PackEntry]:
        """All entries in their order."""
        at = self._start + 12
        for _ in range(self.count):
            entry, at = self._read(at)
            yield entry
        if at != self._end:
            raise PushRejected(reason="the pack has bytes after its last object")

    def entry_at(self, offset: int) -> PackEntry:
        """The entry that starts at ``offset``, read again."""
        return self._read(offset)[0]

    def _read_header(self) -> int:
        head = self._bytes(self._start, 12)
        if len(head) < 12 or head[:4] != b"PACK" or head[4:8] not in {b"\0\0\0\2", b"\0\0\0\3"}:
            raise PushRejected(reason="the request holds no pack")
        count = int.from_bytes(head[8:])
        if count > OBJECT_LIMIT:
            raise PushRejected(reason=f"{count} objects in one push are more than {OBJECT_LIMIT}: push in parts")
        return count

    def _read(self, offset: int) -> tuple[PackEntry, int]:
        kind, size, at = self._entry_header(offset)
        base: int | bytes | None = None
        if kind == OFS_DELTA:
            distance, at = self._distance(at)
            base = offset - distance
        elif kind == REF_DELTA:
            base, at = self._bytes(at, 20), at + 20
        elif kind not in KIND_NAMES:
            raise PushRejected(reason=f"the pack has an object of the unknown type {kind}")
        limit = max(self._blob_limit, STRUCTURE_LIMIT) if base is not None else size_limit(kind, self._blob_limit)
        if size <= limit:
            data, end = self._inflate(at, size)
            return PackEntry(offset, kind, size, base, data), end
        if kind != BLOB:
            raise PushRejected(reason=f"an object of {size} bytes is larger than {limit} bytes")
        sha, end = self._hash(at, size)
        return PackEntry(offset, kind, size, None, None, sha), end

    def _entry_header(self, at: int) -> tuple[int, int, int]:
        head = self._bytes(at, 10)
        size, shift, used = head[0] & 15 if head else 0, 4, 1
        while head[used - 1 : used] >= b"\x80":
            if used == len(head):
                raise PushRejected(reason="the pack has a malformed object header")
            size |= (head[used] & 127) << shift
            shift, used = shift + 7, used + 1
        if not head:
            raise PushRejected(reason="the pack is cut off")
        return head[0] >> 4 & 7, size, at + used

    def _distance(self, at: int) -> tuple[int, int]:
        head = self._bytes(at, 10)
        value = -1
        for used, byte in enumerate(head, 1):
            value = value + 1 << 7 | byte & 127
            if byte < 128:
                return value, at + used
        raise PushRejected(reason="the pack has a malformed delta")

    def _inflate(self, at: int, size: int) -> tuple[bytes, int]:
        pieces = list(self._pieces(at, size))
        return b"".join(part for part, _ in pieces), pieces[-1][1]

    def _hash(self, at: int, size: int) -> tuple[bytes, int]:
        digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        end = at
        for part, position in self._pieces(at, size):
            digest.update(part)
            end = position
        return digest.digest(), end

    def _pieces(self, at: int, size: int) -> Iterator[tuple[bytes, int]]:
        """Inflated parts, each with the position behind what was read for it; exactly ``size`` bytes in all."""
        inflater, left = zlib.decompressobj(), size
        feed = min(max(_FEED, size), _WINDOW)
        while not inflater.eof:
            piece = self._bytes(at, feed)
            try:
                part = inflater.decompress(piece, min(left, _WINDOW) + 1)
            except zlib.error:
                raise PushRejected(reason="the pack has damaged compressed data") from None
            at += len(piece) - len(inflater.unused_data) - len(inflater.unconsumed_tail)
            left -= len(part)
            if left < 0 or (not piece and not part and not inflater.eof):
                raise PushRejected(reason="the pack has an object of another size than it says, or is cut off")
            yield part, at
        if left:
            raise PushRejected(reason="the pack has an object that is shorter than it says")

    def _bytes(self, at: int, length: int) -> bytes:
        """Up to ``length`` bytes at ``at``, never from the trailer on."""
        length = min(length, self._end - at)
        if length <= 0:
            return b""
        start = at - self._window_at
        if start < 0 or start + length > len(self._window):
            self._file.seek(at)
            self._window, self._window_at, start = self._file.read(min(_WINDOW, self._end - at)), at, 0
        return self._window[start : start + length]


def size_limit(kind: int, blob_limit: int) -> int:
    """The largest body of a kind."""
    return blob_limit if kind == BLOB else STRUCTURE_LIMIT
