"""Which rows a worker trains on in which step, where the accounting assumes Poisson sampling."""

from dataclasses import dataclass, field

import numpy as np

from commonground.training.privacy.mechanism import secure_generator
from commonground.training.program import Indices


@dataclass(frozen=True, kw_only=True)
class PoissonSampler:
    """Each of ``rows`` is in a step with the probability ``rate``, by itself: a step may have any number of rows, also none.

    A worker draws from the rows that are its own, every ``workers``-th, so that nobody has to agree on a secret: who knows
    which rows are in a step gains what the accounting says they do not. For the same reason nothing is drawn from the
    run's seed, and a step that is repeated after a restart is drawn anew. ``rng`` is for tests.
    """

    rows: int
    rate: float
    workers: int = 1
    rng: np.random.Generator = field(default_factory=secure_generator)

    def part(self, step: int, rank: int) -> Indices:
        """The rows of a worker in a step, in rising order."""
        own = np.arange(rank, self.rows, self.workers, dtype=np.int64)
        return own[self.rng.random(len(own)) < self.rate]
