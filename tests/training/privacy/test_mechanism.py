"""No contribution can be longer than the norm, and the noise is as large as was asked for and cannot be repeated."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from commonground.training.privacy.mechanism import clip, clip_and_noise, clipped_sum, gaussian_noise, secure_generator

VECTORS = arrays.arrays(np.float32, st.integers(1, 40), elements=st.floats(width=32))


@given(VECTORS, st.floats(1e-3, 1e3))
def test_whatever_is_contributed_it_is_no_longer_than_the_norm(vector: np.ndarray, norm: float) -> None:
    clipped = clip(vector, norm)
    assert clipped.dtype == np.float32
    assert np.linalg.norm(clipped.astype(np.float64)) <= norm


def test_what_is_short_enough_is_left_as_it_is() -> None:
    vector = np.array([0.3, -0.4], np.float32)
    assert (clip(vector, 1.0) == vector).all()
    assert clip(vector, 1.0) is not vector


def test_what_is_too_long_keeps_its_direction() -> None:
    assert clip(np.array([3.0, 4.0], np.float32), 1.0) == pytest.approx([0.6, 0.8], rel=1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_contributes_nothing(value: float) -> None:
    assert (clip(np.array([1.0, value], np.float32), 1.0) == 0.0).all()


def test_noise_has_the_deviation_that_was_asked_for() -> None:
    noise = gaussian_noise(100_000, 2.5, np.random.default_rng(1))
    assert noise.dtype == np.float32
    assert noise.std() == pytest.approx(2.5, rel=0.02)
    assert noise.mean() == pytest.approx(0.0, abs=0.05)


def test_noise_is_never_the_same_twice() -> None:
    assert (gaussian_noise(8, 1.0) != gaussian_noise(8, 1.0)).all()
    assert secure_generator().integers(2**62) != secure_generator().integers(2**62)


def test_a_sum_is_of_clipped_rows() -> None:
    rows = np.array([[30.0, 40.0], [0.0, 0.5]], np.float32)
    assert clip_and_noise(rows, 1.0, 0.0) == pytest.approx([0.6, 1.3], rel=1e-5)


@given(arrays.arrays(np.float32, st.tuples(st.integers(0, 6), st.integers(1, 9)), elements=st.floats(width=32)))
def test_a_sum_is_that_of_its_rows_clipped_one_by_one(rows: np.ndarray) -> None:
    one_by_one = sum((clip(row, 2.0).astype(np.float64) for row in rows), np.zeros(rows.shape[1]))
    assert clipped_sum(rows, 2.0) == pytest.approx(one_by_one, abs=1e-5)


def test_nobody_sampled_is_noise_alone() -> None:
    found = clip_and_noise(np.zeros((0, 50_000), np.float32), 2.0, 1.5, np.random.default_rng(2))
    assert found.std() == pytest.approx(3.0, rel=0.03)


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.nan])
def test_a_norm_is_positive(wrong: float) -> None:
    with pytest.raises(ValueError, match="norm"):
        clip(np.ones(2, np.float32), wrong)


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
def test_a_deviation_is_a_number(wrong: float) -> None:
    with pytest.raises(ValueError, match="deviation"):
        gaussian_noise(2, wrong)
