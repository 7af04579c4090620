"""Floats as numbers of the ring modulo 2^32, where masks cancel exactly."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from commonground.training.parameter_server.arrays import Floats

Ring = npt.NDArray[np.uint32]
LEVELS = 2**22
MAX_CLIENTS = 2**32 // LEVELS
"""More could overflow the ring."""


@dataclass(frozen=True)
class Quantisation:
    """2^22 levels from ``-clip`` to ``clip``; what lies outside is cut off. The sum of n vectors is off by at most ``n * clip / (LEVELS - 1)``."""

    clip: float = 8.0

    def encode(self, values: Floats) -> Ring:
        """The nearest level of each value; not a number counts as 0."""
        scaled = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=self.clip, neginf=-self.clip)
        np.clip(scaled, -self.clip, self.clip, out=scaled)
        return np.rint((scaled + self.clip) * self._per_unit).astype(np.uint32)

    def decode_sum(self, total: Ring, clients: int) -> Floats:
        """The sum of the values behind the sum of ``clients`` encodings."""
        return (total.astype(np.float64) / self._per_unit - clients * self.clip).astype(np.float32)

    @property
    def _per_unit(self) -> float:
        return (LEVELS - 1) / (2 * self.clip)
