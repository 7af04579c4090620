"""What the store asks of a place that holds objects."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol, TypeAlias

import msgspec

Buffer: TypeAlias = bytes | bytearray | memoryview

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]*(?:/[a-z0-9][a-z0-9_-]*)*")


class StoredObject(msgspec.Struct, frozen=True):
    """An object in a listing: ``size`` in bytes, ``modified`` in UTC milliseconds."""

    key: str
    size: int
    modified: int


class Backend(Protocol):
    """Immutable objects under keys made of ``[a-z0-9_-]`` segments joined by ``/``.

    A missing object is :class:`BlobNotFound`, a full disk :class:`StorageFull`, a store that does not answer
    :class:`StorageUnavailable`.
    """

    async def put(self, key: str, data: Buffer) -> None:
        """Write an object, whole and durable on return, or not at all. An existing one is replaced."""
        ...

    async def get(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """The bytes [start, end) of an object; fewer where it ends earlier."""
        ...

    async def size(self, key: str) -> int | None:
        """Length of an object in bytes, or ``None`` when there is none."""
        ...

    async def copy(self, source: str, target: str) -> None:
        """Write an object with the bytes of another one."""
        ...

    async def delete(self, key: str) -> None:
        """Remove an object; nothing happens when there is none."""
        ...

    def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """Every object whose key lies below the folder ``prefix``, in no order."""
        ...

    def local_path(self, key: str) -> Path | None:
        """Where the object would be on this machine's disk, or ``None`` when the backend is elsewhere."""
        ...

    async def presign_put(self, key: str, seconds: int) -> str | None:
        """A URL that takes one PUT of the object without further credentials, or ``None`` where that is not offered."""
        ...

    async def close(self) -> None:
        """Release what the backend holds."""
        ...


def check_key(key: str) -> str:
    """``key``; ValueError for one that is malformed, so that no key ever leaves its folder."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"not an object key: {key!r}")
    return key
