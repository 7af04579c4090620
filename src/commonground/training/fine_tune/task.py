"""What differs between the tasks a model can be trained for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from commonground.errors import UnsuitableData
from commonground.training.fine_tune.table import Table
from commonground.training.program import Batch, Indices, Source

IGNORED = -100
"""Label of what does not count, in transformers and PyTorch."""


class Task(Protocol):
    """A task on one data set. Made with the rows to train on, those to evaluate with, the tokenizer and the options."""

    loads: ClassVar[str]
    """Name of the class of transformers that loads a model for it."""
    adapts: ClassVar[str]
    """Name of peft's type of task."""
    configuration: Mapping[str, Any]
    """What the configuration of the model has to say otherwise."""
    train: Source

    def loss(self, module: Any, batch: Mapping[str, Any]) -> Any:
        """The mean loss of a batch of tensors."""
        ...

    def evaluate(self, module: Any) -> Mapping[str, float]:
        """Metrics on the rows that were held out; called without gradients."""
        ...


class Encoded:
    """Rows that are encoded when they are read, padded to the longest of a batch. Implements :class:`Source`."""

    def __init__(self, length: int, encode: Callable[[Indices], Batch]) -> None:
        self._length, self._encode = length, encode

    def __len__(self) -> int:
        return self._length

    def read(self, rows: Indices) -> Batch:
        """These rows, encoded."""
        return self._encode(rows)


def batches(source: Source, size: int) -> Iterator[Mapping[str, Any]]:
    """All rows in their order, as tensors."""
    import torch

    for first in range(0, len(source), size):
        batch = source.read(np.arange(first, min(first + size, len(source))))
        yield {name: torch.from_numpy(array) for name, array in batch.items()}


def check_texts(table: Table, columns: Sequence[str]) -> None:
    """:class:`UnsuitableData` unless these columns hold texts."""
    for name in columns:
        if not isinstance(table.column(name, np.zeros(1, np.int64))[0], str):
            raise UnsuitableData(reason=f"the column {name} does not hold texts")


def tokenized(tokenizer: Any, texts: Sequence[Sequence[Any]], max_length: int, **more: Any) -> Any:
    """One or two columns of texts as token ids, int64 arrays padded to the longest."""
    return tokenizer(*texts, truncation=True, max_length=max_length, padding=True, return_tensors="np", **more)


def arrays(encoding: Any) -> dict[str, Any]:
    """An encoding as int64 arrays by name."""
    return {name: np.ascontiguousarray(array, np.int64) for name, array in encoding.items()}
