"""Signs of life of a process of a run, for as long as it works: one that is stopped gives none."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from commonground.compute.reporting import heartbeat


@contextmanager
def living(seconds: float) -> Iterator[None]:
    """Promise a sign of life every ``seconds``, and keep the promise until the end of the block."""
    ended = threading.Event()
    heartbeat(seconds)

    def beat() -> None:
        while not ended.wait(seconds / 3):
            heartbeat(seconds)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        heartbeat(0)
