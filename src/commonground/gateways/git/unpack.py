"""Takes the objects out of a pushed pack: checks each, resolves deltas, stores them in batches."""

from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator

import msgspec
from dulwich.errors import ApplyDeltaError
from dulwich.pack import apply_delta

from commonground.errors import PushRejected
from commonground.gateways.git.fsck import problem
from commonground.gateways.git.objects import Object, Objects
from commonground.gateways.git.pack_reader import PackEntry, PackReader, size_limit
from commonground.hub.revisions.objects import BLOB, POINTER_LIMIT, object_id

BATCH_ROWS = 500  # short transactions: commits of others wait for at most one of them
BATCH_BYTES = 2 * 2**20
RECENT_BYTES = 48 * 2**20

_POINTER_START = b"version https://git-lfs.github.com/spec/"


class Unpacked(msgspec.Struct):
    """What a pack brought: ids of blobs, of those among them that may be LFS pointers, and sizes of blobs too large to
    keep; ``count`` objects in all.
    """

    count: int = 0
    blobs: set[bytes] = set()
    pointers: set[bytes] = set()
    oversize: dict[bytes, int] = {}


class Unpacker:
    """Unpacks one pack into ``unpacked`` and the objects of a repository."""

    def __init__(self, pack: PackReader, objects: Objects, blob_limit: int, unpacked: Unpacked) -> None:
        self._unpacked = unpacked
        self._pack, self._objects, self._blob_limit = pack, objects, blob_limit
        self._offsets = _OffsetIds()
        self._waiting: dict[int | bytes, list[int]] = {}  # a base not seen yet -> offsets of deltas on it
        self._batch: dict[bytes, Object] = {}
        self._batch_bytes = 0
        self._recent = _Recent(RECENT_BYTES)

    def run(self) -> Iterator[int]:
        """Unpack everything, yielding the number of objects done after each stored batch.

        Raises :class:`PushRejected`; what was stored until then is reachable from nothing.
        """
        self._pack.verify()
        for entry in self._pack.entries():
            self._offsets.append(entry.offset)
            self._take(entry)
            if len(self._batch) >= BATCH_ROWS or self._batch_bytes >= BATCH_BYTES:
                self._flush()
                yield self._unpacked.count
        if self._waiting:
            raise PushRejected(reason="the pack has a delta on an object that is missing")
        self._flush()
        yield self._unpacked.count

    def _take(self, entry: PackEntry) -> None:
        ready = [entry]
        while ready:
            entry = ready.pop()
            if (sha := self._resolve(entry)) is None:
                continue
            self._offsets.set(entry.offset, sha)
            if self._waiting:
                offsets = self._waiting.pop(entry.offset, []) + self._waiting.pop(sha, [])
                ready += [self._pack.entry_at(offset) for offset in offsets]

    def _resolve(self, entry: PackEntry) -> bytes | None:
        """Store the object of an entry and answer its id, or ``None`` when it has to wait for its base."""
        if entry.sha is not None:
            self._unpacked.oversize[entry.sha] = entry.size
            return entry.sha
        assert entry.data is not None
        if entry.base is None:
            return self._keep(entry.kind, entry.data)
        base_sha = self._offsets.get(entry.base) if isinstance(entry.base, int) else entry.base
        base = self._find(base_sha) if base_sha is not None else None
        if base is None:
            self._waiting.setdefault(entry.base, []).append(entry.offset)
            return None
        return self._keep(base[0], self._apply(base, entry.data))

    def _find(self, sha: bytes) -> Object | None:
        if sha in self._unpacked.oversize:
            raise PushRejected(reason=f"object {sha.hex()} is larger than {self._blob_limit} bytes: use git-lfs for it")
        return self._recent.get(sha) or self._batch.get(sha) or self._objects.get_raw(sha)

    def _apply(self, base: Object, delta: bytes) -> bytes:
        limit = size_limit(base[0], self._blob_limit)
        if (size := _result_size(delta)) > limit:
            advice = ": use git-lfs for it" if base[0] == BLOB else ""
            raise PushRejected(reason=f"an object of {size} bytes is larger than {limit} bytes{advice}")
        try:
            return b"".join(apply_delta(base[1], delta))
        except (ApplyDeltaError, ValueError):
            raise PushRejected(reason="the pack has a delta that does not apply") from None

    def _keep(self, kind: int, body: bytes) -> bytes:
        sha = object_id(kind, body)
        if found := problem(kind, body):
            raise PushRejected(reason=f"object {sha.hex()}: {found}")
        self._unpacked.count += 1
        if kind == BLOB:
            self._unpacked.blobs.add(sha)
            if looks_like_pointer(body):
                self._unpacked.pointers.add(sha)
        self._batch[sha] = (kind, body)
        self._batch_bytes += len(body)
        self._recent.put(sha, (kind, body))
        return sha

    def _flush(self) -> None:
        self._objects.add_many(self._batch.values())
        self._batch, self._batch_bytes = {}, 0


def looks_like_pointer(body: bytes) -> bool:
    """Whether a file is an LFS pointer or wants to be one."""
    return len(body) <= POINTER_LIMIT and body.startswith(_POINTER_START)


class _OffsetIds:
    """Offset of an entry -> id of its object, in 28 bytes each."""

    def __init__(self) -> None:
        self._offsets, self._ids = array("Q"), bytearray()

    def append(self, offset: int) -> None:
        self._offsets.append(offset)
        self._ids += bytes(20)

    def set(self, offset: int, sha: bytes) -> None:
        at = bisect_left(self._offsets, offset) * 20
        self._ids[at : at + 20] = sha

    def get(self, offset: int) -> bytes | None:
        """The id, or ``None`` while it is unknown; :class:`PushRejected` when no entry starts there."""
        at = bisect_left(self._offsets, offset)
        if at == len(self._offsets) or self._offsets[at] != offset:
            raise PushRejected(reason="the pack has a delta on something that is no object")
        sha = bytes(self._ids[at * 20 : at * 20 + 20])
        return sha if any(sha) else None


class _Recent:
    """The objects seen last, up to a number of bytes."""

    def __init__(self, limit: int) -> None:
        self._objects: OrderedDict[bytes, Object] = OrderedDict()
        self._left = limit

    def get(self, sha: bytes) -> Object | None:
        found = self._objects.get(sha)
        if found is not None:
            self._objects.move_to_end(sha)
        return found

    def put(self, sha: bytes, found: Object) -> None:
        if sha in self._objects:
            return
        self._objects[sha] = found
        self._left -= _cost(found)
        while self._left < 0 and len(self._objects) > 1:
            _, dropped = self._objects.popitem(last=False)
            self._left += _cost(dropped)


def _cost(found: Object) -> int:
    return len(found[1]) + 300


def _result_size(delta: bytes) -> int:
    at, size = 0, 0
    for _ in range(2):
        size, shift = 0, 0
        while True:
            if at >= len(delta) or shift > 63:
                raise PushRejected(reason="the pack has a malformed delta")
            byte = delta[at]
            size |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                break
    return size
