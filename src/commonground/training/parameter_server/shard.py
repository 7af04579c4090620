"""One server's share of the weights: gradients come in, updates happen in blocks that fit the cache."""

from collections.abc import Sequence

import numpy as np

from commonground.training.parameter_server.arrays import Floats
from commonground.training.parameter_server.clocks import Clocks, rate_factor
from commonground.training.parameter_server.configuration import Options

BLOCK = 32_768
"""Elements updated at once: weights, gradients and temporaries of a block stay in a 1 MB cache."""


class Shard:
    """Weights ``[size]`` with the optimizer's state and the clocks; positions are relative to the shard. Not safe for threads."""

    def __init__(self, weights: Floats, options: Options) -> None:
        self.weights = weights
        self.options = options
        self.clocks = Clocks(len(weights), options.chunk, options.workers)
        self.state: list[Floats] = [np.zeros_like(weights) for _ in range(options.optimizer.slots)]
        self._total: Floats = np.empty(BLOCK, np.float32)
        self._scratch: tuple[Floats, Floats] = (np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32))

    def __len__(self) -> int:
        return len(self.weights)

    def apply(self, start: int, gradients: Sequence[tuple[int, Floats]]) -> int:
        """One update of the range at ``start`` by the (rank, gradient) pairs, added in their order; answers the range's new version."""
        count = len(gradients[0][1])
        where = self.clocks.ranges(start, start + count)
        factor = rate_factor(self.clocks.staleness(gradients[0][0], where), self.options.staleness_scale)
        version = self.clocks.applied([rank for rank, _ in gradients], where)
        values = [gradient for _, gradient in gradients]
        for first in range(0, count, BLOCK):
            self._update_block(start, first, min(first + BLOCK, count), values, factor, version)
        return version

    def _update_block(
        self, start: int, first: int, last: int, gradients: list[Floats], factor: float, version: int
    ) -> None:
        total = self._combine([gradient[first:last] for gradient in gradients])
        block = slice(start + first, start + last)
        scratch = self._scratch[0][: last - first], self._scratch[1][: last - first]
        optimizer = self.options.optimizer
        state = [slot[block] for slot in self.state]
        optimizer.update(self.weights[block], total, state, scratch, optimizer.learning_rate * factor, version)

    def _combine(self, gradients: list[Floats]) -> Floats:
        """Their sum or mean; one gradient is both, and is not copied."""
        if len(gradients) == 1:
            return gradients[0]
        total = self._total[: len(gradients[0])]
        np.add(gradients[0], gradients[1], out=total)
        for gradient in gradients[2:]:
            np.add(total, gradient, out=total)
        if self.options.aggregate == "mean":
            np.multiply(total, 1 / len(gradients), out=total)
        return total
