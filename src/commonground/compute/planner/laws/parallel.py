"""Training steps of transformers under tensor, data and pipeline parallelism.

The terms of Narayanan et al., SC 2021, each with one coefficient a cluster has: operations, launches, memory traffic,
the links within and between nodes. A law is those coefficients, fitted to measured iterations.
"""

import msgspec
import numpy as np

from commonground.compute.planner.fit import Array, relative

VOCABULARY = 51_200
HALF = 2
"""Bytes of an activation."""


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """Models and how they are spread: arrays of one length."""

    hidden: Array
    heads: Array
    layers: Array
    sequence: Array
    tensor: Array
    data: Array
    pipeline: Array
    global_batch: Array
    micro_batch: Array

    def rounds(self) -> Array:
        """Micro-batch times an iteration takes: those of one replica and the bubble, n + p - 1."""
        return np.asarray(self.global_batch / (self.data * self.micro_batch) + self.pipeline - 1)

    def terms(self) -> Array:
        """One column a term, (rows, 9); a law multiplies them by its coefficients."""
        tokens, depth, rounds = self.micro_batch * self.sequence, self.layers / self.pipeline, self.rounds()
        matrices = 96 * tokens * depth * self.hidden**2 * (1 + self.sequence / (6 * self.hidden)) / self.tensor
        weights = (12 * depth * self.hidden**2 + VOCABULARY * self.hidden) / self.tensor
        columns = {
            "matrix products": rounds * matrices,
            "kernel launches": rounds * depth,
            "traffic of activations": rounds * depth * tokens * self.hidden * HALF,
            "traffic of attention": rounds * depth * tokens * self.heads * self.sequence * HALF / self.tensor,
            "tensor all-reduce": rounds * depth * tokens * self.hidden * HALF * 2 * (self.tensor - 1) / self.tensor,
            "tensor latency": np.where(self.tensor > 1, rounds * depth, 0.0),
            "gradient all-reduce": 2 * (self.data - 1) / self.data * weights * 2 * HALF,
            "output layer": (rounds - self.pipeline + 1) * 6 * tokens * self.hidden * VOCABULARY / self.tensor,
            "start of an iteration": np.ones_like(rounds),
        }
        return np.stack(list(columns.values()), axis=1)


class ParallelLaw(msgspec.Struct, frozen=True):
    """Seconds an iteration takes: ``terms @ coefficients``, all non-negative."""

    coefficients: Array

    def predict(self, layout: Layout) -> Array:
        """Seconds of each row."""
        return np.asarray(layout.terms() @ self.coefficients)

    @classmethod
    def fit(cls, layout: Layout, measured: Array) -> "ParallelLaw":
        """The law with the least mean relative error on ``measured`` seconds (> 0)."""
        return cls(relative(layout.terms(), measured))
