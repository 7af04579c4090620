"""The Gaussian mechanism: bound what each contribution can change, sum, and add noise (Abadi et al., "Deep Learning with
Differential Privacy", CCS 2016). A contribution is the gradient of an example, or the update of a client.
"""

import secrets

import numpy as np
import numpy.typing as npt

from commonground.training.parameter_server.arrays import Floats

SEED_BITS = 256


def secure_generator() -> np.random.Generator:
    """A generator nobody can repeat: seeded with 256 bits of the operating system. Noise must never come from the seed
    of the run, which is published with it: who knows the noise subtracts it.
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(secrets.randbits(SEED_BITS))))


def clip(vector: Floats, norm: float) -> Floats:
    """``vector`` (float32, any shape) scaled down to a Euclidean length of at most ``norm``; a new array.

    What is not finite becomes zeros: its length has no bound, so it may not contribute at all.
    """
    _check(norm > 0.0, "the norm to clip to is above 0")
    wide = vector.astype(np.float64)  # squares of float32 overflow
    length = float(np.linalg.norm(wide.reshape(-1)))
    if not np.isfinite(length):
        return np.zeros_like(vector)
    return (wide * _scale(length, norm)).astype(np.float32)


def gaussian_noise(shape: int | tuple[int, ...], sigma: float, rng: np.random.Generator | None = None) -> Floats:
    """Independent float32 samples of N(0, ``sigma`` squared); ``rng``: default :func:`secure_generator`.

    Only tests pass a generator that can be repeated.
    """
    _check(np.isfinite(sigma) and sigma >= 0.0, "the deviation of noise is a number that is not negative")
    generator = secure_generator() if rng is None else rng
    return generator.standard_normal(shape, dtype=np.float32) * np.float32(sigma)


def clip_and_noise(
    contributions: Floats, norm: float, noise_multiplier: float, rng: np.random.Generator | None = None
) -> Floats:
    """The sum of float32 ``[n, size]`` over its rows, each clipped to ``norm``, with noise of deviation
    ``noise_multiplier * norm``: float32 ``[size]``. ``n`` may be 0, then it is noise alone: that nobody was sampled
    is a secret too. Divide by the *expected* number of contributions, never by ``n``.
    """
    total = clipped_sum(contributions, norm).astype(np.float32)
    return total + gaussian_noise(total.shape, noise_multiplier * norm, rng)


def clipped_sum(contributions: Floats, norm: float) -> npt.NDArray[np.float64]:
    """The sum of float32 ``[n, size]`` over its rows, each clipped as :func:`clip` does: float64 ``[size]``."""
    _check(norm > 0.0, "the norm to clip to is above 0")
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.sqrt(np.einsum("ij,ij->i", contributions, contributions, dtype=np.float64))
    scales = np.array([_scale(length, norm) if np.isfinite(length) else 0.0 for length in lengths])
    finite = (
        contributions if np.isfinite(lengths).all() else np.where(np.isfinite(lengths)[:, None], contributions, 0.0)
    )
    return scales @ finite.astype(np.float64)


def _scale(length: float, norm: float) -> float:
    """What brings ``length`` down to ``norm``, a little less: the product is rounded to float32."""
    return 1.0 if length <= norm else norm / length * (1.0 - 1e-6)


def _check(condition: object, reason: str) -> None:
    if not condition:
        raise ValueError(reason)
