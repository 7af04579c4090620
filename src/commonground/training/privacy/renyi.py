"""Renyi differential privacy of the Poisson-sampled Gaussian (Mironov, Talwar and Zhang, "Renyi Differential Privacy of the
Sampled Gaussian Mechanism", 2019). It adds up over steps, over runs and over different mechanisms.
"""

import math
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from commonground.training.privacy.model import SampledGaussian

Reals: TypeAlias = npt.NDArray[np.float64]

ORDERS: tuple[float, ...] = (*(1.0 + tenth / 10.0 for tenth in range(1, 100)), *range(11, 64), 128, 256, 512, 1024)
"""Each order gives an upper bound; the least of them is reported."""

TERMS = 1024
"""Where the series of a fractional order is given up: that order then bounds nothing."""
NEAR, FAR = 6.0, 20.0
"""Left of -NEAR erfc is 2, right of FAR its asymptotic series is exact, to the digits of a float."""
NEGLIGIBLE = -30.0
"""Logarithm of the last term of a series over its sum."""
LEAST_NOISE = 1e-3
"""Less noise than this counts as none."""


def curve(mechanism: SampledGaussian) -> Reals:
    """The divergence of all steps together, float64 ``[len(ORDERS)]``; infinite without noise."""
    sigma, rate = mechanism.noise_multiplier, mechanism.sampling_rate
    if sigma < LEAST_NOISE:
        return np.full(len(ORDERS), np.inf)
    steps: Reals = mechanism.steps * np.array([max(0.0, _divergence(rate, sigma, order)) for order in ORDERS])
    return steps


def composed(mechanisms: Iterable[SampledGaussian]) -> Reals:
    """The divergence of several mechanisms on the same rows, each chosen after the results of those before: their sum."""
    total: Reals = np.zeros(len(ORDERS))
    for mechanism in mechanisms:
        total += curve(mechanism)
    return total


def epsilon_of(divergences: Reals, delta: float) -> float:
    """The least epsilon a curve allows at ``delta`` (Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential
    Privacy", NeurIPS 2020, proposition 12).
    """
    orders = np.array(ORDERS)
    bounds = divergences - (math.log(delta) + np.log(orders)) / (orders - 1.0) + np.log1p(-1.0 / orders)
    return max(0.0, float(bounds.min()))


def epsilon_by_moments(divergences: Reals, delta: float) -> float:
    """The same by the older and weaker rule of Mironov, "Renyi Differential Privacy", 2017, which the figures published
    with TensorFlow Privacy were computed by: to compare with those.
    """
    orders = np.array(ORDERS)
    return max(0.0, float((divergences - math.log(delta) / (orders - 1.0)).min()))


def _divergence(rate: float, sigma: float, order: float) -> float:
    if rate == 1.0:
        return order / (2.0 * sigma * sigma)
    moment = _finite_sum if float(order).is_integer() else _series
    return moment(rate, sigma, order) / (order - 1.0)


def _finite_sum(rate: float, sigma: float, order: float) -> float:
    """The logarithm of the moment for an integer order: a finite sum (section 3.3 of the paper)."""
    count = np.arange(order + 1.0)
    factorials = np.concatenate([[0.0], np.cumsum(np.log(count[1:]))])
    choices = factorials[-1] - factorials - factorials[::-1]
    terms = choices + count * math.log(rate) + (order - count) * math.log1p(-rate)
    return _log_sum(terms + count * (count - 1.0) / (2.0 * sigma * sigma))


def _series(rate: float, sigma: float, order: float) -> float:
    """The same for a fractional order: two series, one for each side of the point where the two densities are equal. Their
    terms are added by magnitude, as reference implementations do, though a few are negative: an upper bound.
    """
    terms = 32
    while terms < TERMS:
        terms *= 2
        both = _series_terms(rate, sigma, order, terms)
        total = _log_sum(both.reshape(-1))
        if (both[:, -1] < both[:, -2]).all() and both[:, -1].max() < total + NEGLIGIBLE:
            return total
    return math.inf


def _series_terms(rate: float, sigma: float, order: float, terms: int) -> Reals:
    """Logarithms of the magnitudes of the first terms, float64 ``[2, terms]``."""
    left = np.arange(float(terms))
    right = order - left
    choices = np.concatenate([[0.0], np.cumsum(np.log(np.abs(right[:-1])) - np.log(left[1:]))])
    equal = sigma * sigma * math.log(1.0 / rate - 1.0) + 0.5
    width = math.sqrt(2.0) * sigma
    power = np.stack([left, right])
    weight = power * math.log(rate) + power[::-1] * math.log1p(-rate)
    growth = power * (power - 1.0) / (2.0 * sigma * sigma)
    cut = np.stack([_log_erfc((left - equal) / width), _log_erfc((equal - right) / width)])
    return choices + weight + growth + cut - math.log(2.0)


def _log_erfc(values: Reals) -> Reals:
    """Log erfc(x); far to the right, where erfc underflows, by its asymptotic series."""
    far = np.maximum(values, FAR)
    inverse = far**-2
    tail = np.log1p(inverse * (-0.5 + inverse * (0.75 - inverse * 1.875)))
    asymptotic = -far * far - np.log(far * math.sqrt(math.pi)) + tail
    between = (values > -NEAR) & (values <= FAR)
    near = np.full(len(values), math.log(2.0))
    near[between] = np.log([math.erfc(value) for value in values[between].tolist()])
    return np.where(values > FAR, asymptotic, near)


def _log_sum(terms: Reals) -> float:
    largest = float(terms.max())
    return largest + math.log(float(np.exp(terms - largest).sum()))
