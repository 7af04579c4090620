"""Leases: every row of every epoch is trained on, whoever is quick or lost."""

from hypothesis import given
from hypothesis import strategies as st

from commonground.training.data_server.leases import Lease, Leases

ACTIONS = st.lists(st.tuples(st.sampled_from(["take", "lost"]), st.integers(0, 3)), max_size=60)


@given(rows=st.integers(0, 50), size=st.integers(1, 9), epochs=st.integers(1, 3), actions=ACTIONS)
def test_every_row_is_done_once_an_epoch_whoever_is_lost(
    rows: int, size: int, epochs: int, actions: list[tuple[str, int]]
) -> None:
    leases = Leases(rows, size, epochs, seed=1)
    held: dict[int, Lease] = {}
    done: list[tuple[int, int]] = []

    def finish(worker: int) -> None:
        if worker in held:
            lease = held.pop(worker)
            done.extend((lease.epoch, row) for row in lease.rows)

    for what, worker in [*actions, *[("take", worker) for _ in range(200) for worker in range(4)]]:
        if what == "take":
            finish(worker)
            lease = leases.take(worker)
            if lease is not None:
                held[worker] = lease
        else:
            leases.lost(worker)
            held.pop(worker, None)
    assert leases.over
    assert sorted(done) == [(epoch, row) for epoch in range(epochs) for row in range(rows)]
    assert leases.done == rows * epochs


def test_the_quick_take_more() -> None:
    leases = Leases(100, 10, 1, seed=0)
    slow = leases.take(0)
    quick = [leases.take(1) for _ in range(9)]
    assert slow is not None
    assert all(quick)
    assert leases.take(1) is None
    assert not leases.over  # the slow one has not come back yet
    assert leases.take(0) is None
    assert leases.over
