"""What is trained: a program, written once, trained by every kind of run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from commonground.training.parameter_server.arrays import Floats

Indices = npt.NDArray[np.int64]
Batch = Mapping[str, npt.NDArray[Any]]
"""Arrays by name; the first axis of each is the rows."""


class Source(Protocol):
    """Rows that are read by number, 0 to ``len(source) - 1``, in any order and any number of times."""

    def __len__(self) -> int:
        """How many rows there are."""
        ...

    def read(self, rows: Indices) -> Batch:
        """These rows, in this order."""
        ...


class Program(Protocol):
    """What is trained. It knows neither the kind of the run nor the other workers.

    ``parameters`` is float32 ``[size]``: the kind writes new values into it, or the program's own update does.
    """

    @property
    def parameters(self) -> Floats:
        """All parameters as one vector; the same array every time."""
        ...

    @property
    def data(self) -> Source:
        """What is trained on, the same rows in every process."""
        ...

    def gradient(self, batch: Batch, out: Floats) -> float:
        """Write the mean gradient over the batch to ``out`` (float32 ``[size]``); the mean loss."""
        ...

    def evaluate(self) -> Mapping[str, float]:
        """Metrics of the parameters as they are."""
        ...

    def save(self, folder: Path) -> None:
        """Write what the run publishes."""
        ...


@runtime_checkable
class Seeded(Protocol):
    """A program that draws random numbers while it trains, as dropout does."""

    def seed(self, *numbers: int) -> None:
        """Called before each step with the run's seed, the step and the worker: a resumed run draws the same."""
        ...
