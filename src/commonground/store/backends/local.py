"""Objects as files below one directory."""

import asyncio
import errno
import os
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from pathlib import Path

from commonground.errors import BlobNotFound, StorageFull, StorageUnavailable
from commonground.store.backends.base import Buffer, StoredObject, check_key

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_STALE_SECONDS = 3600
_PAGE = 1000


class LocalBackend:
    """Files below ``root``. Writes go to ``root/tmp``, are synced and renamed, and then the directory is synced: after
    a crash an object is there whole or not at all.
    """

    def __init__(self, root: str | Path) -> None:
        self._root = Path(root)
        self._tmp = self._root / "tmp"
        self._tmp.mkdir(parents=True, exist_ok=True)
        self._reap()

    async def put(self, key: str, data: Buffer) -> None:
        """See :class:`Backend`."""
        await asyncio.to_thread(self._put, self._path(key), data)

    async def get(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """See :class:`Backend`."""
        return await asyncio.to_thread(self._get, self._path(key), start, end)

    async def size(self, key: str) -> int | None:
        """See :class:`Backend`."""
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return None

    async def copy(self, source: str, target: str) -> None:
        """See :class:`Backend`."""
        await self.put(target, await self.get(source))

    async def delete(self, key: str) -> None:
        """See :class:`Backend`."""
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """See :class:`Backend`."""
        walk = self._walk(self._path(prefix) if prefix else self._root)
        while page := await asyncio.to_thread(lambda: list(islice(walk, _PAGE))):
            for item in page:
                yield item

    def local_path(self, key: str) -> Path | None:
        """See :class:`Backend`."""
        return self._path(key)

    async def presign_put(self, key: str, seconds: int) -> str | None:
        """See :class:`Backend`."""
        return None

    async def close(self) -> None:
        """See :class:`Backend`."""

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    def _put(self, target: Path, data: Buffer) -> None:
        temporary = self._tmp / secrets.token_hex(16)
        try:
            write_durably(temporary, data)
            created = _make_folders(target.parent)
            temporary.rename(target)
            for folder in (target.parent, *created):
                sync_folder(folder)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            if error.errno in _FULL:
                raise StorageFull from error
            raise StorageUnavailable(reason=os.strerror(error.errno or 0)) from error

    def _get(self, path: Path, start: int, end: int | None) -> bytes:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise BlobNotFound(oid=path.name) from None
        except OSError as error:
            raise StorageUnavailable(reason=os.strerror(error.errno or 0)) from error
        try:
            length = (os.fstat(descriptor).st_size if end is None else end) - start
            return _read_fully(descriptor, start, length)
        except OSError as error:
            raise StorageUnavailable(reason=os.strerror(error.errno or 0)) from error
        finally:
            os.close(descriptor)

    def _walk(self, folder: Path) -> Iterator[StoredObject]:
        for directory, folders, names in os.walk(folder):
            if directory == str(self._root):
                folders[:] = [name for name in folders if name != "tmp"]
            for name in names:
                path = Path(directory, name)
                try:
                    status = path.stat()
                except FileNotFoundError:
                    continue
                yield StoredObject(path.relative_to(self._root).as_posix(), status.st_size, int(status.st_mtime * 1000))

    def _reap(self) -> None:
        """Remove what crashed writers left; another process may be writing younger ones right now."""
        limit = time.time() - _STALE_SECONDS
        for path in self._tmp.iterdir():
            try:
                if path.stat().st_mtime < limit:
                    path.unlink()
            except FileNotFoundError:
                continue


def write_durably(path: Path, data: Buffer) -> None:
    """Create a file with these bytes, synced to the device."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names inside a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folders(folder: Path) -> list[Path]:
    """Create a folder and what is missing above it; the folders that got a new name in them."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
    return [path.parent for path in missing]


def _read_fully(descriptor: int, start: int, length: int) -> bytes:
    data = os.pread(descriptor, max(length, 0), start)
    if len(data) >= length:
        return data
    parts = [data]
    while parts[-1] and sum(map(len, parts)) < length:
        done = sum(map(len, parts))
        parts.append(os.pread(descriptor, length - done, start + done))
    return b"".join(parts)
