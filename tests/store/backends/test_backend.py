"""What every backend promises."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable

import pytest

from commonground.errors import BlobNotFound
from commonground.store.backends import Backend

KEY = "xorbs/ab/cd/abcd-01"


async def keys(backend: Backend, prefix: str = "") -> list[str]:
    return sorted([item.key async for item in backend.list(prefix)])


def test_an_object_reads_back(backend: Backend) -> None:
    async def scenario() -> None:
        await backend.put(KEY, b"0123456789")
        assert await backend.get(KEY) == b"0123456789"
        assert await backend.size(KEY) == 10

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_can_be_written(backend: Backend, kind: Callable[[bytes], bytes]) -> None:
    async def scenario() -> None:
        await backend.put(KEY, kind(b"content"))
        assert await backend.get(KEY) == b"content"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 4, b"0123"),
        (3, 5, b"34"),
        (4, None, b"456789"),
        (8, 100, b"89"),
        (3, 3, b""),
        (10, 20, b""),
        (50, 60, b""),
    ],
)
def test_a_range_is_cut_at_the_end(backend: Backend, start: int, end: int | None, expected: bytes) -> None:
    async def scenario() -> None:
        await backend.put(KEY, b"0123456789")
        assert await backend.get(KEY, start, end) == expected

    asyncio.run(scenario())


def test_the_last_write_wins(backend: Backend) -> None:
    async def scenario() -> None:
        await backend.put(KEY, b"long first content")
        await backend.put(KEY, b"second")
        assert await backend.get(KEY) == b"second"

    asyncio.run(scenario())


def test_what_is_missing(backend: Backend) -> None:
    async def scenario() -> None:
        with pytest.raises(BlobNotFound):
            await backend.get(KEY)
        with pytest.raises(BlobNotFound):
            await backend.get(KEY, 0, 5)
        with pytest.raises(BlobNotFound):
            await backend.copy(KEY, "xorbs/other")
        assert await backend.size(KEY) is None
        await backend.delete(KEY)
        assert await keys(backend) == []

    asyncio.run(scenario())


def test_deleted_is_gone(backend: Backend) -> None:
    async def scenario() -> None:
        await backend.put(KEY, b"x")
        await backend.delete(KEY)
        assert await backend.size(KEY) is None
        assert await keys(backend) == []

    asyncio.run(scenario())


def test_a_copy_is_independent(backend: Backend) -> None:
    async def scenario() -> None:
        await backend.put(KEY, b"content")
        await backend.copy(KEY, "grants/copy")
        await backend.put(KEY, b"changed")
        assert await backend.get("grants/copy") == b"content"

    asyncio.run(scenario())


def test_a_listing_has_keys_sizes_and_times(backend: Backend) -> None:
    async def scenario() -> None:
        before = time.time_ns() // 1_000_000 - 2000
        for name in ("xorbs/aa/1", "xorbs/bb/2", "grants/3"):
            await backend.put(name, name.encode())
        assert await keys(backend) == ["grants/3", "xorbs/aa/1", "xorbs/bb/2"]
        assert await keys(backend, "xorbs") == ["xorbs/aa/1", "xorbs/bb/2"]
        assert await keys(backend, "nothing") == []
        items = [item async for item in backend.list("grants")]
        assert [item.size for item in items] == [8]
        assert before <= items[0].modified <= before + 60_000

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "key", ["", "..", "../up", "/etc/passwd", "a//b", "a/../b", "A", "a\x00b", "a b", "a/", ".tmp/x"]
)
def test_a_key_cannot_leave_its_place(backend: Backend, key: str) -> None:
    async def scenario() -> None:
        with pytest.raises(ValueError, match="not an object key"):
            await backend.put(key, b"x")
        with pytest.raises(ValueError, match="not an object key"):
            await backend.get(key)
        with pytest.raises(ValueError, match="not an object key"):
            await backend.delete(key)

    asyncio.run(scenario())


def test_other_processes_see_an_object_at_once(backend: Backend, other_opener: Callable[[], Backend]) -> None:
    async def scenario() -> None:
        await backend.put(KEY, b"shared")
        assert await other_opener().get(KEY) == b"shared"

    asyncio.run(scenario())


def test_many_writers_of_one_key_leave_one_whole_object(backend: Backend) -> None:
    async def scenario() -> None:
        bodies = [bytes([n]) * 300_000 for n in range(8)]
        await asyncio.gather(*(backend.put(KEY, body) for body in bodies))
        assert await backend.get(KEY) in bodies

    asyncio.run(scenario())


def test_a_large_object(backend: Backend) -> None:
    async def scenario() -> None:
        body = os.urandom(20 * 2**20)
        await backend.put(KEY, body)
        assert await backend.get(KEY, 5_000_000, 15_000_000) == body[5_000_000:15_000_000]

    asyncio.run(scenario())


def test_a_local_path_holds_the_object(backend: Backend) -> None:
    async def scenario() -> None:
        await backend.put(KEY, b"content")
        path = backend.local_path(KEY)
        assert path is None or path.read_bytes() == b"content"

    asyncio.run(scenario())
