"""Which rows when: every row once an epoch, and the same rows whatever the number of workers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from commonground.training.sampler import Sampler


@given(rows=st.integers(1, 200), batch=st.integers(1, 20), workers=st.integers(1, 5), epoch=st.integers(0, 3))
def test_every_row_is_in_exactly_one_step_of_an_epoch(rows: int, batch: int, workers: int, epoch: int) -> None:
    sampler = Sampler(rows=rows, batch=batch, workers=workers, seed=3)
    first = epoch * sampler.steps
    seen = [sampler.part(step, rank) for step in range(first, first + sampler.steps) for rank in range(workers)]
    assert sorted(np.concatenate(seen)) == list(range(rows))


def test_workers_together_see_what_one_with_the_joined_batch_sees() -> None:
    many, one = Sampler(rows=37, batch=3, workers=4, seed=1), Sampler(rows=37, batch=12, seed=1)
    assert many.steps == one.steps
    for step in range(2 * one.steps):
        together = np.concatenate([many.part(step, rank) for rank in range(4)])
        assert together.tolist() == one.part(step, 0).tolist()


def test_the_order_is_anew_each_epoch_and_follows_from_the_seed() -> None:
    sampler = Sampler(rows=50, batch=50, seed=1)
    assert sampler.part(0, 0).tolist() == Sampler(rows=50, batch=50, seed=1).part(0, 0).tolist()
    assert sampler.part(0, 0).tolist() != sampler.part(1, 0).tolist()
    assert sampler.part(0, 0).tolist() != Sampler(rows=50, batch=50, seed=2).part(0, 0).tolist()
