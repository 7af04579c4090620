"""Which partition a key belongs to: the same on every engine."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa

from commonground.data.rows import KEY

_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: Knuth's multiplicative hash


def partitions_of(
    keys: np.ndarray[tuple[int], np.dtype[np.int64]], partitions: int
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The partition of each key, 0 to ``partitions - 1``."""
    mixed = keys.view(np.uint64) * _MIX
    return ((mixed >> np.uint64(32)) % np.uint64(partitions)).astype(np.int64)


def partitioned(table: pa.Table, partitions: int) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each partition, in their order; partitions without rows are left out."""
    if not table.num_rows:
        return
    keys = table.column(KEY).combine_chunks().to_numpy(zero_copy_only=False)
    found = partitions_of(keys, partitions)
    order = np.argsort(found, kind="stable")
    sorted_table = table.take(pa.array(order)).combine_chunks()
    edges = np.searchsorted(found[order], np.arange(partitions + 1))
    for partition, (start, stop) in enumerate(pairwise(edges)):
        if stop > start:
            yield partition, sorted_table.slice(start, stop - start)
