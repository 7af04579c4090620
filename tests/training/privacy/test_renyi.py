"""The divergence is that of the literature: the published figures, an integral, and the laws it has to obey."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.training.privacy import renyi
from commonground.training.privacy.model import SampledGaussian
from tests.training.privacy.reference import DELTA, TABLE, Row

CLOSE = 1.03
"""Bounds of fractional orders are not equally close everywhere."""
USUAL = st.builds(SampledGaussian, st.floats(0.8, 20.0), st.floats(1e-4, 0.2), st.integers(1, 100_000))
MECHANISMS = st.builds(SampledGaussian, st.floats(0.5, 20.0), st.floats(1e-4, 1.0), st.integers(1, 100_000))


@pytest.mark.parametrize("row", TABLE)
def test_the_figures_of_today(row: Row) -> None:
    assert renyi.epsilon_of(renyi.curve(row.mechanism), DELTA) == pytest.approx(row.renyi, abs=1e-3)


@pytest.mark.parametrize("row", TABLE)
def test_the_figures_published_with_tensorflow_privacy(row: Row) -> None:
    found = renyi.epsilon_by_moments(renyi.curve(row.mechanism), DELTA)
    assert found == pytest.approx(row.moments, abs=1e-3)
    assert found == pytest.approx(row.published, rel=3e-3)


def integral(rate: float, sigma: float, order: float) -> float:
    """The divergence by the trapezoidal rule, exact to the digits of a float."""
    step = min(sigma / 8.0, sigma * sigma / 2.0)
    places = np.arange(-14.0 * sigma, order + 14.0 * sigma, step)
    shifted = math.log(rate) + (2.0 * places - 1.0) / (2.0 * sigma * sigma)
    density = -0.5 * (places / sigma) ** 2 - math.log(sigma * math.sqrt(2.0 * math.pi))
    terms = order * np.logaddexp(math.log1p(-rate), shifted) + density
    return float(terms.max() + math.log(float(np.exp(terms - terms.max()).sum()) * step)) / (order - 1.0)


@pytest.mark.parametrize(("rate", "sigma"), [(0.004, 1.1), (0.05, 0.6), (0.3, 2.0), (0.9, 0.7)])
def test_an_integer_order_is_exact_and_a_fractional_one_is_a_close_bound(rate: float, sigma: float) -> None:
    found = renyi.curve(SampledGaussian(sigma, rate, 1))
    for order, divergence in zip(renyi.ORDERS, found, strict=True):
        exact = integral(rate, sigma, order)
        if float(order).is_integer():
            assert divergence == pytest.approx(exact, rel=1e-7)
        else:
            assert exact * (1 - 1e-9) <= divergence
            assert divergence <= exact * 1.5 or math.isinf(divergence)


def test_everybody_in_every_step_is_the_plain_gaussian() -> None:
    found = renyi.curve(SampledGaussian(2.0, 1.0, 3))
    assert found == pytest.approx([3 * order / 8 for order in renyi.ORDERS])


@settings(deadline=None, max_examples=20)
@given(USUAL)
def test_more_noise_fewer_rows_or_fewer_steps_never_cost_more(mechanism: SampledGaussian) -> None:
    noise, rate, steps = mechanism.noise_multiplier, mechanism.sampling_rate, mechanism.steps
    cost = renyi.epsilon_of(renyi.curve(mechanism), DELTA)
    quieter = SampledGaussian(noise * 1.1, rate, steps)
    rarer = SampledGaussian(noise, rate * 0.9, steps)
    longer = SampledGaussian(noise, rate, steps * 2)
    assert renyi.epsilon_of(renyi.curve(quieter), DELTA) <= cost * CLOSE
    assert renyi.epsilon_of(renyi.curve(rarer), DELTA) <= cost * CLOSE
    assert cost <= CLOSE * renyi.epsilon_of(renyi.curve(longer), DELTA)


@settings(deadline=None, max_examples=20)
@given(MECHANISMS, st.integers(1, 1000))
def test_two_parts_of_a_run_cost_what_the_run_costs(mechanism: SampledGaussian, more: int) -> None:
    rest = SampledGaussian(mechanism.noise_multiplier, mechanism.sampling_rate, more)
    whole = SampledGaussian(mechanism.noise_multiplier, mechanism.sampling_rate, mechanism.steps + more)
    assert renyi.composed([mechanism, rest]) == pytest.approx(renyi.curve(whole), rel=1e-9)


def test_without_noise_nothing_is_promised() -> None:
    assert renyi.epsilon_of(renyi.curve(SampledGaussian(0.0, 0.5, 1)), DELTA) == math.inf


def test_with_hardly_any_noise_the_figure_is_large_and_finite() -> None:
    assert 1e3 < renyi.epsilon_of(renyi.curve(SampledGaussian(0.01, 0.5, 1)), DELTA) < math.inf


@pytest.mark.parametrize(
    "wrong", [(-1.0, 0.5, 1), (math.nan, 0.5, 1), (1.0, 0.0, 1), (1.0, 1.1, 1), (1.0, math.nan, 1), (1.0, 0.5, 0)]
)
def test_what_cannot_be_is_refused(wrong: tuple[float, float, int]) -> None:
    with pytest.raises(ValueError, match=r"noise|rate|steps"):
        SampledGaussian(*wrong)
