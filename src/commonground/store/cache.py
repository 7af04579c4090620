"""Whole files on local disk, rebuilt once, so that hot ones can be sent without copying."""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path

from commonground.store.lru import LeastRecent
from commonground.store.xet.hashing import to_hex
from commonground.telemetry import logger

SMALL = 2**20
"""Files up to this many bytes are rebuilt faster than they are looked up here."""
LARGEST_SHARE = 4
"""No file takes more than one part in this many of the cache."""
PATIENCE_SECONDS = 0.5
_STALE_SECONDS = 6 * 3600
_PARTIAL = ".partial"


class FileCache:
    """Files below ``folder`` of together at most ``limit`` bytes; the least recently used go first."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._asked: LeastRecent[bytes, bool] = LeastRecent(10_000)
        self._building: dict[bytes, asyncio.Task[Path | None]] = {}

    def find(self, file_hash: bytes, size: int) -> Path | None:
        """The file if it is here whole; it counts as used now."""
        path = self._path(file_hash)
        try:
            if path.stat().st_size != size:
                return None
            os.utime(path)
        except FileNotFoundError:
            return None
        return path

    def is_hot(self, file_hash: bytes, size: int) -> bool:
        """Whether the file is worth keeping: of a fitting size and asked for before."""
        if not SMALL < size <= self._limit // LARGEST_SHARE:
            return False
        was_asked = self._asked.get(file_hash) is not None
        self._asked.put(file_hash, True)
        return was_asked

    async def build(self, file_hash: bytes, parts: AsyncIterator[bytes]) -> Path | None:
        """The file, written from ``parts`` once however many ask for it.

        ``None`` when it takes longer than a reader should wait (it goes on in the background) or the disk refuses it.
        """
        task = self._building.get(file_hash)
        if task is None:
            task = asyncio.create_task(self._build(self._path(file_hash), parts))
            self._building[file_hash] = task
            task.add_done_callback(lambda done: self._finish(file_hash, done))
        done, _ = await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
        return task.result() if done else None

    async def close(self) -> None:
        """Stop building."""
        tasks = list(self._building.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def drop(self, file_hash: bytes) -> None:
        """Remove a file."""
        self._path(file_hash).unlink(missing_ok=True)

    def files(self) -> list[Path]:
        """The files that are here; their names are file hashes in hex."""
        return [path for path in self._folder.glob("*/*") if not path.name.endswith(_PARTIAL)]

    def _path(self, file_hash: bytes) -> Path:
        name = to_hex(file_hash)
        return self._folder / name[:2] / name

    def _finish(self, file_hash: bytes, task: "asyncio.Task[Path | None]") -> None:
        self._building.pop(file_hash, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger().warning("file not cached", file=to_hex(file_hash), reason=str(error))

    async def _build(self, target: Path, parts: AsyncIterator[bytes]) -> Path | None:
        partial = target.with_name(f"{target.name}-{secrets.token_hex(4)}{_PARTIAL}")
        try:
            await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
            with await asyncio.to_thread(partial.open, "xb") as file:
                async for part in parts:
                    await asyncio.to_thread(file.write, part)
                # A name without its bytes after a power cut would be served as the file.
                file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())
            partial.rename(target)
            await asyncio.to_thread(self._evict)
        except OSError as error:
            logger().warning("file not cached", file=target.name, reason=os.strerror(error.errno or 0))
            return None
        finally:
            partial.unlink(missing_ok=True)
        return target

    def _evict(self) -> None:
        found = sorted((s.st_mtime, s.st_size, path) for path in self._folder.glob("*/*") if (s := _status(path)))
        total = sum(size for _, size, _ in found)
        for modified, size, path in found:
            stale = path.name.endswith(_PARTIAL) and time.time() - modified > _STALE_SECONDS
            if stale or (total > self._limit and not path.name.endswith(_PARTIAL)):
                path.unlink(missing_ok=True)
                total -= size


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
