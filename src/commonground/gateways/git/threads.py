"""Synchronous work behind an asynchronous server."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import Executor
from contextlib import suppress

PART = 2**16
PATIENCE = 0.5  # seconds after which a small part is sent on: it may be progress somebody waits for


async def pull(parts: Iterator[bytes], executor: Executor) -> AsyncGenerator[bytes, None]:
    """The bytes of a synchronous iterator, joined to parts of a useful size.

    Its steps run on ``executor`` and only when the receiver is ready for more: a slow receiver holds no thread and no
    memory.
    """
    loop = asyncio.get_running_loop()
    try:
        while part := await loop.run_in_executor(executor, _next, parts):
            yield part
    finally:
        if (close := getattr(parts, "close", None)) is not None:
            with suppress(ValueError):  # a step that is still running ends by itself
                close()


def _next(parts: Iterator[bytes]) -> bytes:
    joined = bytearray()
    until = time.monotonic() + PATIENCE
    for part in parts:
        joined += part
        if len(joined) >= PART or (joined and time.monotonic() > until):
            break
    return bytes(joined)
