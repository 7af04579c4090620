"""Synchronous iterators behind an asynchronous answer."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import pytest

from commonground.gateways.git.threads import PART, pull


def test_parts_arrive_in_order_and_joined() -> None:
    async def main() -> list[bytes]:
        with ThreadPoolExecutor(1) as threads:
            return [part async for part in pull((b"%d" % (n % 10) for n in range(PART * 2 + 5)), threads)]

    parts = asyncio.run(main())
    assert [len(part) for part in parts] == [PART, PART, 5]
    assert parts[0][:12] == b"012345678901"


def test_steps_run_on_the_threads_and_only_on_demand() -> None:
    seen: list[str] = []

    def work() -> Iterator[bytes]:
        for _ in range(100):
            seen.append(threading.current_thread().name)
            yield bytes(PART)

    async def main() -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="git") as threads:
            async with aclosing(pull(work(), threads)) as parts:
                assert await anext(parts)
                assert await anext(parts)

    asyncio.run(main())
    assert len(seen) == 2
    assert all(name.startswith("git") for name in seen)


def test_a_receiver_that_leaves_ends_the_work() -> None:
    ended = threading.Event()

    def work() -> Iterator[bytes]:
        try:
            while True:
                yield bytes(PART)
        finally:
            ended.set()

    async def main() -> None:
        with ThreadPoolExecutor(1) as threads:
            async with aclosing(pull(work(), threads)) as parts:
                await anext(parts)

    asyncio.run(main())
    assert ended.wait(5)


def test_failures_reach_the_receiver() -> None:
    def work() -> Iterator[bytes]:
        yield bytes(PART)
        raise OSError("disk")

    async def main() -> None:
        with ThreadPoolExecutor(1) as threads:
            async for _ in pull(work(), threads):
                pass

    with pytest.raises(OSError, match="disk"):
        asyncio.run(main())
