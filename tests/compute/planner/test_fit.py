import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.compute.planner.fit import cross_validated, mape, nonnegative, relative


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 20))
def test_the_solution_keeps_the_conditions_of_optimality(seed: int, columns: int, rows: int) -> None:
    """x >= 0; the gradient vanishes where x > 0 and does not point inwards where x = 0."""
    random = np.random.default_rng(seed)
    matrix, target = random.normal(size=(rows, columns)), random.normal(size=rows)
    x = nonnegative(matrix, target)
    gradient = matrix.T @ (target - matrix @ x)
    assert (x >= 0).all()
    assert np.abs(gradient[x > 0]).max(initial=0) < 1e-8
    assert gradient[x == 0].max(initial=-1) < 1e-8


def test_columns_of_any_scale_are_found_again() -> None:
    random = np.random.default_rng(0)
    matrix = random.uniform(1, 2, size=(40, 3)) * [1e12, 1, 1e-9]
    wanted = np.array([1e-12, 0.5, 0.0])
    assert relative(matrix, matrix @ wanted) == pytest.approx(wanted, rel=1e-6, abs=1e-3)


def test_one_wrong_measurement_does_not_bend_the_rest() -> None:
    matrix = np.stack([np.ones(20), np.arange(20.0)], axis=1)
    measured = matrix @ [1.0, 2.0]
    measured[3] *= 50
    assert relative(matrix, measured) == pytest.approx([1.0, 2.0], rel=0.02)


def test_every_row_is_predicted_by_others() -> None:
    matrix = np.stack([np.ones(25), np.arange(25.0)], axis=1)
    measured = matrix @ [1.0, 2.0]
    assert mape(cross_validated(matrix, measured), measured) < 1e-6
    alone = np.eye(10)  # nothing of a row is known from the others
    assert mape(cross_validated(alone, np.ones(10)), np.ones(10)) == 100


def test_a_column_of_zeros_gets_no_weight() -> None:
    matrix = np.stack([np.zeros(5), np.ones(5)], axis=1)
    assert relative(matrix, np.full(5, 3.0)) == pytest.approx([0, 3])
