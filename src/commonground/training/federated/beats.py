"""Signs of life on a connection, from another thread than the one that sends."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from commonground.errors import ParameterServerLost
from commonground.training.parameter_server.socket import Connection


@contextmanager
def beating(connection: Connection, seconds: float) -> Iterator[None]:
    """A sign of life every ``seconds`` until the end of the block; a lost connection is left to whoever uses it."""
    ended = threading.Event()

    def beat() -> None:
        with suppress(ParameterServerLost):
            while not ended.wait(seconds):
                connection.beat()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
