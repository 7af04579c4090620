"""Every row is one client's, in every process the same one's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import InvalidSpec
from commonground.training.federated.partition import Column, Iid, Labels, Partition, parts
from tests.training.federated.programs import Arrays


def source(rows: int = 100) -> Arrays:
    label = np.arange(rows) % 10
    return Arrays(
        x=np.zeros((rows, 2), np.float32), label=label, hospital=np.array([f"h{each % 3}" for each in range(rows)])
    )


@given(
    clients=st.integers(1, 10), seed=st.integers(0, 9), partition=st.sampled_from([Iid(), Labels(), Labels(shards=1)])
)
def test_every_row_is_one_clients(clients: int, seed: int, partition: Partition) -> None:
    found = parts(partition, source(), clients, seed)
    assert sorted(np.concatenate(found)) == list(range(100))
    assert [each.tolist() for each in found] == [each.tolist() for each in parts(partition, source(), clients, seed)]


def test_with_two_shards_a_client_sees_few_labels() -> None:
    seen = [len(np.unique(source().arrays["label"][rows])) for rows in parts(Labels(), source(), 5, 1)]
    assert (
        max(seen)
        <= 4
        < np.mean([len(np.unique(source().arrays["label"][rows])) for rows in parts(Iid(), source(), 5, 1)])
    )


def test_a_column_keeps_what_belongs_together() -> None:
    for rows in parts(Column(column="hospital"), source(), 3, 0):
        assert len(set(source().arrays["hospital"][rows])) == 1
    assert sorted(np.concatenate(parts(Column(column="hospital"), source(), 2, 0))) == list(range(100))


@pytest.mark.parametrize(
    ("partition", "clients", "reason"),
    [
        (Iid(), 101, "divided among 101"),
        (Column(column="hospital"), 4, "divided among 4"),
        (Labels(column="no"), 2, "no column no of single values to divide it by; it has hospital, label"),
        (Labels(column="x"), 2, "no column x"),
    ],
)
def test_what_cannot_be_divided_is_refused(partition: Partition, clients: int, reason: str) -> None:
    with pytest.raises(InvalidSpec, match=reason):
        parts(partition, source(), clients, 0)
