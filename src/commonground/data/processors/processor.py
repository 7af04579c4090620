"""What a processor is. A class whose instances are its options (a frozen msgspec Struct), so that a flow is data.

Four kinds: a :class:`Filter` judges rows, a :class:`Mapper` changes them, a :class:`KeyedFilter` judges rows by what all rows of a key
are together, a :class:`KeyedReduce` makes new rows of all rows of a key. Nothing else may look at more than one batch.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Protocol

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from commonground.data.rows import ROW
from commonground.data.sketches.model import Metrics

Ints = npt.NDArray[np.int64]


class Processor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all kinds share. A change of results raises :attr:`version`: it is part of what finished work is found again by."""

    version: ClassVar[int] = 1
    slow: ClassVar[str] = ""
    """Why it is slow, for a warning before a run; empty if it is not."""

    def schema(self, incoming: pa.Schema) -> pa.Schema:
        """Columns that leave it; :class:`~commonground.errors.InvalidFlow` if what comes in does not do. Default: as they come."""
        return incoming

    def needs(self) -> tuple[str, ...]:
        """Columns it reads; a flow without one of them is refused before it starts."""
        return ()

    def metrics(self, batch: pa.RecordBatch) -> Metrics:
        """What is to be known of the rows it was given, beside how many were kept. Default: nothing."""
        return {}


class Verdicts(msgspec.Struct, frozen=True):
    """One per row: 0 keeps it, ``n`` drops it for ``reasons[n - 1]``; ``scores`` are what the verdicts were taken by, NaN where there is none."""

    codes: npt.NDArray[np.uint8]
    reasons: tuple[str, ...]
    scores: npt.NDArray[np.float64] | None = None


class Filter(Processor, frozen=True):
    """Keeps rows or drops them for a reason."""

    def judge(self, batch: pa.RecordBatch) -> Verdicts:
        """A verdict for each row."""
        raise NotImplementedError


class Mapper(Processor, frozen=True):
    """Changes rows; :data:`~commonground.data.rows.ROW` stays as it is. One that makes more or fewer rows than it is given ``explodes``."""

    explodes: ClassVar[bool] = False

    def map(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch, changed."""
        raise NotImplementedError


class Findings(msgspec.Struct, frozen=True):
    """Rows to drop, each once, ascending: why, by which score, and for which other row (itself where there is none)."""

    rows: Ints
    reason: str
    scores: npt.NDArray[np.float64]
    references: Ints


class KeyedFilter(Processor, frozen=True):
    """Judges rows by all rows that share a key. Texts do not travel: only what :meth:`keys` gives does."""

    def keys(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Columns :data:`~commonground.data.rows.KEY`, :data:`~commonground.data.rows.ROW` and what else is needed; any number of rows a row.

        Types that cross every engine: int64, float64, bool, string, binary and lists of these.
        """
        raise NotImplementedError

    def reduce(self, rows: pa.Table) -> pa.Table:
        """``rows`` holds all rows of its keys, of many keys, in no order: what they are together, as few rows as do."""
        raise NotImplementedError

    def find(self, reduced: Iterable[pa.Table]) -> Findings:
        """From what all keys gave to what is dropped; runs once, where the flow was started."""
        raise NotImplementedError


class KeyedReduce(Processor, frozen=True):
    """Makes rows of all rows that share a key: joins, aggregates."""

    def schema_of(self, incoming: Sequence[pa.Schema]) -> pa.Schema:
        """Columns that leave it, given those of its inputs."""
        return self.schema(incoming[0])

    def keys(self, batch: pa.RecordBatch, port: int) -> pa.RecordBatch:
        """What travels: :data:`~commonground.data.rows.KEY` and columns; ``port`` counts the node's inputs. All ports give the same columns."""
        raise NotImplementedError

    def reduce(self, rows: pa.Table) -> pa.Table:
        """``rows`` holds all rows of its keys, in the order of inputs and rows: the rows that leave, in an order of their own."""
        raise NotImplementedError


class Describer(Protocol):
    """Looks at rows and changes nothing: what the report says of a stream."""

    def metrics(self, batch: pa.RecordBatch) -> Metrics:
        """Sketches of the batch."""
        ...


def keep_all(batch: pa.RecordBatch) -> Verdicts:
    """Every row stays."""
    return Verdicts(np.zeros(batch.num_rows, np.uint8), ())


def first_of_key(rows: pa.Table, keys: Iterator[str] | tuple[str, ...]) -> pa.Table:
    """For each of the ``keys`` the row with the smallest number: columns of the keys and ``first``."""
    return rows.group_by(list(keys)).aggregate([(ROW, "min")]).rename_columns([*keys, "first"])


def texts_of(batch: pa.RecordBatch, column: str) -> pa.Array:
    """A column of texts as plain strings, null as empty."""
    values = batch.column(column)
    if not pa.types.is_string(values.type):
        values = pc.cast(values, pa.string())
    return pc.fill_null(values, "")
