"""Which rows when, and how many steps there are."""

from commonground.errors import InvalidSpec
from commonground.training.all_reduce.options import Options
from commonground.training.program import Batch, Source
from commonground.training.sampler import Sampler


class Schedule:
    """The steps of a run on ``data``. :class:`InvalidSpec` where nothing says how many there are."""

    def __init__(self, options: Options, data: Source, *, workers: int, seed: int) -> None:
        if not len(data) and options.steps is None:
            raise InvalidSpec(reason="the program has no rows: `options.steps` says how many steps to take")
        self._data, self._workers, self._together = data, workers, options.batch * workers
        self._sampler = Sampler(rows=max(1, len(data)), batch=options.batch, workers=workers, seed=seed)
        epoch = self._sampler.steps if len(data) else 1
        self.steps = options.steps or options.epochs * self._sampler.steps
        self.evaluate_every = options.evaluate_every * epoch

    def part(self, step: int, rank: int) -> tuple[Batch | None, int]:
        """What a worker trains on in a step, ``None`` for nothing, and how many rows that is. Where there are no rows
        at all it is an empty batch that counts as one.
        """
        if not len(self._data):
            return {}, 1
        rows = self._sampler.part(step, rank)
        return (self._data.read(rows), len(rows)) if len(rows) else (None, 0)

    def rows(self, step: int) -> int:
        """Rows of a step of all workers."""
        if not len(self._data):
            return self._workers
        return min(self._together, len(self._data) - step % self._sampler.steps * self._together)


def passed(begun: int, done: int, every: int) -> bool:
    """Whether a multiple of ``every`` lies in the steps from ``begun``, exclusive, to ``done``."""
    return every > 0 and done // every > begun // every
