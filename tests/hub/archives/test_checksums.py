import asyncio
import zlib
from collections.abc import AsyncIterator

import pytest

from commonground.hub.archives.checksums import Checksums

pytestmark = pytest.mark.anyio


class Reads:
    def __init__(self, data: bytes) -> None:
        self._data, self.count = data, 0

    async def __call__(self) -> AsyncIterator[bytes]:
        self.count += 1
        for at in range(0, len(self._data), 100_000):
            await asyncio.sleep(0)
            yield self._data[at : at + 100_000]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_content_is_read_once_for_all_who_ask() -> None:
    sums, reads = Checksums(), Reads(b"x" * 300_000)
    found = await asyncio.gather(*(sums.of(b"key", reads) for _ in range(10)))
    assert set(found) == {zlib.crc32(b"x" * 300_000)}
    assert reads.count == 1


async def test_what_passed_by_is_known() -> None:
    sums, reads = Checksums(), Reads(b"y" * 250_000)
    assert b"".join([part async for part in sums.summing(b"key", reads())]) == b"y" * 250_000
    assert sums.recall(b"key") == zlib.crc32(b"y" * 250_000)
    assert await sums.of(b"key", reads) == zlib.crc32(b"y" * 250_000)
    assert reads.count == 1


async def test_what_was_cut_off_is_not_known() -> None:
    sums, reads = Checksums(), Reads(b"y" * 250_000)
    async for _ in sums.summing(b"key", reads()):
        break
    assert sums.recall(b"key") is None


async def test_the_least_recent_sum_is_forgotten() -> None:
    sums = Checksums(2)
    for key in (b"a", b"b", b"c"):
        sums.remember(key, 1)
    assert [sums.recall(key) for key in (b"a", b"b", b"c")] == [None, 1, 1]


async def test_a_failed_read_leaves_the_next_one_free() -> None:
    async def fail() -> AsyncIterator[bytes]:
        yield b"x"
        raise OSError

    sums = Checksums()
    with pytest.raises(OSError):
        await sums.of(b"key", fail)
    assert await sums.of(b"key", Reads(b"z")) == zlib.crc32(b"z")
