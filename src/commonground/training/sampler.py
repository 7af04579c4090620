"""Which rows a worker trains on in which step: a function of the seed, so that a run resumes from a number."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from commonground.training.program import Indices


@lru_cache(maxsize=2)
def _permutation(rows: int, seed: int, number: int) -> Indices:
    found = np.random.default_rng((seed, number)).permutation(rows)
    found.flags.writeable = False
    return found


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """Permutes ``rows`` anew each epoch; a step takes the next ``workers * batch`` of them, each worker its part.

    Every row is in exactly one step of an epoch. What fills no step at its end is one smaller step, spread evenly.
    """

    rows: int
    batch: int
    workers: int = 1
    seed: int = 0

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return -(-self.rows // (self.batch * self.workers))

    def epoch(self, number: int) -> Indices:
        """All rows in the order of this epoch."""
        return _permutation(self.rows, self.seed, number)

    def part(self, step: int, rank: int) -> Indices:
        """The rows of a worker in a step, counted from 0 over all epochs; may be empty in the last of an epoch."""
        epoch, within = divmod(step, self.steps)
        together = self.epoch(epoch)[within * self.batch * self.workers :][: self.batch * self.workers]
        return np.array_split(together, self.workers)[rank]
