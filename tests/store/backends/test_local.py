"""What is particular to files on this machine's disk."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import time
from pathlib import Path

import pytest

from commonground.errors import StorageFull, StorageUnavailable
from commonground.store.backends.local import LocalBackend


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("failing", ["write", "fsync"])
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    backend = LocalBackend(tmp_path)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(StorageFull):
        asyncio.run(backend.put("xorbs/a", b"x"))
    monkeypatch.undo()
    assert files(tmp_path) == []
    asyncio.run(backend.put("xorbs/a", b"x"))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_really_full_disk(tmp_path: Path) -> None:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], check=False).returncode:
        pytest.skip("mount is not permitted here")
    try:
        backend = LocalBackend(tmp_path)
        asyncio.run(backend.put("xorbs/small", b"kept"))
        with pytest.raises(StorageFull):
            asyncio.run(backend.put("xorbs/large", bytes(2**21)))
        assert [path.name for path in files(tmp_path)] == ["small"]
        asyncio.run(backend.put("xorbs/next", bytes(2**19)))
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_failing_disk_is_not_a_full_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = LocalBackend(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageUnavailable, match="Input/output error"):
        asyncio.run(backend.put("xorbs/a", b"x"))
    assert files(tmp_path) == []


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    asyncio.run(LocalBackend(tmp_path).put("xorbs/a", bytes(range(100))))
    assert (tmp_path / "xorbs/a").read_bytes() == bytes(range(100))


def test_bytes_and_names_are_synced_before_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, synced = LocalBackend(tmp_path), []

    def record(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(tmp_path).parts)

    monkeypatch.setattr(os, "fsync", record)
    asyncio.run(backend.put("xorbs/ab/name", b"x"))
    assert synced[0][0] == "tmp"
    assert set(synced[1:]) == {("xorbs", "ab"), ("xorbs",), ()}


def test_leftovers_of_a_crash_are_reaped_when_they_are_old(tmp_path: Path) -> None:
    LocalBackend(tmp_path)
    old, young = tmp_path / "tmp/old", tmp_path / "tmp/young"
    old.write_bytes(b"x")
    young.write_bytes(b"x")
    os.utime(old, (time.time() - 7200,) * 2)
    backend = LocalBackend(tmp_path)
    assert files(tmp_path) == [young]

    async def listed() -> list[str]:
        return [item.key async for item in backend.list()]

    assert asyncio.run(listed()) == []
