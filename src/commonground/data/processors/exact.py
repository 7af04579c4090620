"""Exact duplicates: rows whose text is the same, byte for byte, once spaces at the ends are gone."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from commonground.data.processors.processor import Findings, KeyedFilter, texts_of
from commonground.data.rows import KEY, ROW


class ExactDuplicates(KeyedFilter, frozen=True):
    """Keeps the first of rows with the same text; what they are told by is a hash of 128 bits."""

    column: str = "text"

    def needs(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def keys(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Both halves of XXH3-128 of the text."""
        texts = pc.utf8_trim_whitespace(texts_of(batch, self.column))
        digests = b"".join(xxhash.xxh3_128_digest(text.as_buffer()) for text in texts)
        halves = np.frombuffer(digests, np.int64).reshape(-1, 2)
        columns = [pa.array(halves[:, 0].copy()), pa.array(halves[:, 1].copy()), batch.column(ROW)]
        return pa.RecordBatch.from_arrays(columns, names=[KEY, "rest", ROW])

    def reduce(self, rows: pa.Table) -> pa.Table:
        """Rows that are not the first of their key, with the one that is."""
        first = rows.group_by([KEY, "rest"]).aggregate([(ROW, "min")]).rename_columns([KEY, "rest", "first"])
        joined = rows.join(first, keys=[KEY, "rest"])
        return joined.filter(pc.not_equal(joined.column(ROW), joined.column("first"))).select([ROW, "first"])

    def find(self, reduced: Iterable[pa.Table]) -> Findings:
        """All of them, in order."""
        tables = list(reduced)
        empty = np.empty(0, np.int64)
        rows = np.concatenate([empty, *(table.column(ROW).to_numpy() for table in tables)])
        first = np.concatenate([empty, *(table.column("first").to_numpy() for table in tables)])
        order = np.argsort(rows)
        return Findings(rows[order], "the same text", np.ones(len(rows)), first[order])
