"""Clocks of ranges: how often each was updated, and which of its versions each worker has seen."""

import numpy as np

from commonground.training.parameter_server.arrays import Clock
from commonground.training.parameter_server.configuration import StalenessScale


class Clocks:
    """One vector clock a range of ``chunk`` elements (Li et al., OSDI'14: per range, a clock per key would be too many)."""

    def __init__(self, size: int, chunk: int, workers: int) -> None:
        ranges = max(1, -(-size // chunk))
        self.chunk = chunk
        self.version: Clock = np.zeros(ranges, np.int64)
        self.pushed: Clock = np.zeros((workers, ranges), np.int64)
        self.seen: Clock = np.zeros((workers, ranges), np.int64)

    def ranges(self, start: int, stop: int) -> slice:
        """The ranges elements ``start..stop`` lie in."""
        return slice(start // self.chunk, max(start // self.chunk + 1, -(-stop // self.chunk)))

    def applied(self, ranks: list[int], where: slice) -> int:
        """Count one update made of these workers' gradients; answers the version it made."""
        self.version[where] += 1
        for rank in ranks:
            self.pushed[rank, where] += 1
        return int(self.version[where.start])

    def sent(self, rank: int, where: slice) -> int:
        """Worker ``rank`` is given the present version of the ranges, which is the answer."""
        self.seen[rank, where] = self.version[where]
        return int(self.version[where.start])

    def of_worker(self, rank: int) -> int:
        """How many gradients of a worker every range has seen."""
        return int(self.pushed[rank].min())

    def staleness(self, rank: int, where: slice) -> int:
        """Updates by others since the worker saw the first of the ranges."""
        return int(self.version[where.start] - self.seen[rank, where.start])


def rate_factor(staleness: int, scale: StalenessScale) -> float:
    """By what the learning rate is multiplied for a gradient ``staleness`` updates old (Zhang et al. 2016: divide by it)."""
    if scale == "none":
        return 1.0
    return float(max(1, staleness) ** (-0.5 if scale == "sqrt" else -1.0))
