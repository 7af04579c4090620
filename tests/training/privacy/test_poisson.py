"""Each row is drawn by itself, with the rate as its probability, and from nothing that is known."""

import numpy as np

from commonground.training.privacy.poisson import PoissonSampler


def test_steps_have_as_many_rows_as_chance_gives_them() -> None:
    sampler = PoissonSampler(rows=1000, rate=0.05, rng=np.random.default_rng(1))
    sizes = np.array([len(sampler.part(step, 0)) for step in range(2000)])
    assert abs(sizes.mean() - 50.0) < 0.7
    assert abs(sizes.var() / 47.5 - 1.0) < 0.15  # binomial: n q (1 - q)


def test_a_step_may_be_empty_and_may_be_everything() -> None:
    assert len(PoissonSampler(rows=10, rate=1e-9).part(0, 0)) == 0
    assert PoissonSampler(rows=10, rate=1.0).part(0, 0).tolist() == list(range(10))


def test_workers_draw_from_rows_of_their_own_and_miss_none() -> None:
    sampler = PoissonSampler(rows=11, rate=1.0, workers=3)
    parts = [sampler.part(0, rank).tolist() for rank in range(3)]
    assert sorted(row for part in parts for row in part) == list(range(11))
    assert parts[1] == [1, 4, 7, 10]


def test_the_same_step_is_drawn_anew() -> None:
    sampler = PoissonSampler(rows=1000, rate=0.5)
    assert sampler.part(3, 0).tolist() != sampler.part(3, 0).tolist()
