"""A worker's signs of life while a gradient takes long."""

import threading
from collections.abc import Sequence

from commonground.errors import CommongroundError
from commonground.training.parameter_server.socket import Connection


class Heartbeat:
    """Beats on connections whenever nobody holds :attr:`busy`, which an exchange does; an exchange is a sign of life itself."""

    def __init__(self, connections: Sequence[Connection], seconds: float) -> None:
        self.busy = threading.Lock()
        self._connections, self._seconds = connections, seconds
        self._stopping = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """Beat no more."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            if not self.busy.acquire(blocking=False):
                continue
            try:
                for connection in self._connections:
                    connection.beat()
                    connection.skip_beats()
            except CommongroundError:  # the next exchange says so
                return
            finally:
                self.busy.release()
