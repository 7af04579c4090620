"""Published and measured figures of DP-SGD on MNIST: q = 256/60000, delta = 1e-5."""

from typing import NamedTuple

from commonground.training.privacy.model import SampledGaussian

DELTA = 1e-5


class Row(NamedTuple):
    """``published`` with TensorFlow Privacy; ``moments`` the same rule to more digits; ``renyi``, ``pld`` of dp-accounting."""

    noise: float
    steps: int
    published: float
    moments: float
    renyi: float
    pld: float

    @property
    def mechanism(self) -> SampledGaussian:
        return SampledGaussian(self.noise, 256 / 60_000, self.steps)


TABLE = [
    Row(1.3, 3515, 1.19, 1.192, 0.9544, 0.8645),
    Row(1.1, 14062, 3.01, 3.008, 2.5966, 2.3817),
    Row(0.7, 10546, 7.10, 7.101, 6.3195, 5.6394),
    Row(1.12, 14062, 2.92, 2.922, 2.5186, 2.3102),
    Row(0.6, 7031, 9.74, 9.760, 8.7766, 7.6900),
    Row(1.2, 2343, 1.20, 1.198, 0.9316, 0.7923),
]
