"""Which partition a key belongs to."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from commonground.data.execution.partition import partitioned, partitions_of
from commonground.data.rows import KEY, ROW


@given(st.lists(st.integers(-(2**63), 2**63 - 1)), st.integers(1, 9))
def test_every_row_is_in_the_partition_of_its_key_in_its_order(keys: list[int], partitions: int) -> None:
    table = pa.table({KEY: pa.array(keys, pa.int64()), ROW: pa.array(range(len(keys)), pa.int64())})
    seen = []
    for partition, part in partitioned(table, partitions):
        assert (partitions_of(part.column(KEY).to_numpy(), partitions) == partition).all()
        rows = part.column(ROW).to_pylist()
        assert rows == sorted(rows)
        seen += rows
    assert sorted(seen) == list(range(len(keys)))


def test_partitions_are_the_same_everywhere_and_about_equal() -> None:
    found = partitions_of(np.arange(10_000, dtype=np.int64), 8)
    assert found[:8].tolist() == [0, 1, 2, 4, 5, 7, 0, 2]
    counts = np.bincount(found, minlength=8)
    assert counts.min() > 1000
