"""Downpour SGD (Dean et al., NIPS'12): a worker goes on by itself between exchanges."""

import numpy as np

from commonground.training.parameter_server.arrays import Floats
from commonground.training.parameter_server.client import Worker


class Downpour:
    """Local SGD steps on :attr:`parameters`; what the gradients add up to is pushed every ``n_push``, weights are fetched every ``n_fetch`` steps.

    For servers in ``async`` mode. ``learning_rate`` is of the local steps and does not have to be the servers'.
    """

    def __init__(self, worker: Worker, learning_rate: float, *, n_push: int = 1, n_fetch: int = 1) -> None:
        self.worker, self.learning_rate = worker, learning_rate
        self.n_push, self.n_fetch = n_push, n_fetch
        self.steps = 0
        self.parameters: Floats = worker.weights.copy()
        self._accrued: Floats = np.zeros_like(self.parameters)

    def step(self, gradient: Floats) -> None:
        """One local step, and the exchanges that are due after it."""
        np.add(self._accrued, gradient, out=self._accrued)
        self.parameters -= np.float32(self.learning_rate) * gradient
        self.steps += 1
        push, fetch = self.steps % self.n_push == 0, self.steps % self.n_fetch == 0
        if push:
            self._push(fetch)
        elif fetch:
            self.worker.pull()
        if fetch:
            np.copyto(self.parameters, self.worker.weights)

    def flush(self) -> None:
        """Push what was not due yet: the last step is done."""
        if self.steps % self.n_push:
            self._push(fetch=False)

    def _push(self, fetch: bool) -> None:
        np.copyto(self.worker.gradient, self._accrued)
        self._accrued[:] = 0
        if fetch:
            self.worker.push_pull()
        else:
            self.worker.push()
