"""Signs of life of the processes that promised some."""

import math
import time
from collections.abc import Callable, Iterator

import msgspec

from commonground.compute.launchers.model import LogLine


class _Promise(msgspec.Struct):
    promise: float


_decode = msgspec.json.Decoder(_Promise).decode


class Signs:
    """Remembers when each process was last heard of, and what it promised (:func:`commonground.compute.reporting.heartbeat`).

    Whatever a process writes is a sign; one that is started again promises anew.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._heard: dict[tuple[str, int], float] = {}
        self._promised: dict[tuple[str, int], float] = {}

    def take(self, line: LogLine) -> None:
        """Note a line."""
        process = line.role, line.rank
        self._heard[process] = self._clock()
        if line.stream == "report" and b'"promise"' in line.data:
            try:
                promise = _decode(line.data).promise
            except msgspec.DecodeError:
                return  # noise
            self._promised[process] = promise if promise > 0 else math.inf

    def broken(self) -> Iterator[tuple[str, int]]:
        """Role and rank of each process that has been silent for longer than it promised; each is told once."""
        now = self._clock()
        for process, promise in list(self._promised.items()):
            if now - self._heard[process] > promise:
                del self._promised[process]
                yield process
