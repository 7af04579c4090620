"""How long steps took, for the planner, which compares that with what it had foretold."""

import statistics
import time
from collections import deque

from commonground.compute.reporting import log_metric

KEPT, LEAST = 1000, 10
"""Steps whose times are kept, and those it takes to say anything."""


class Timing:
    """Call :meth:`begin` and :meth:`gradient` around the gradient of a step, :meth:`step` at its end, :meth:`report` once."""

    def __init__(self) -> None:
        self._gradients, self._steps = deque[float](maxlen=KEPT), deque[float](maxlen=KEPT)
        self._began = self._ended = time.perf_counter()

    def begin(self) -> None:
        """A gradient is about to be computed."""
        self._began = time.perf_counter()

    def gradient(self) -> None:
        """It is there."""
        self._gradients.append(time.perf_counter() - self._began)

    def step(self) -> None:
        """The step is over."""
        now = time.perf_counter()
        self._steps.append(now - self._ended)
        self._ended = now

    def pause(self) -> None:
        """What came since the last step belongs to none: an evaluation, a checkpoint."""
        self._ended = time.perf_counter()

    def report(self, parameters: int, step: int) -> None:
        """Medians, in seconds, if there were enough steps; the first ones warm up and do not count."""
        if min(len(self._steps), len(self._gradients)) < LEAST:
            return
        log_metric("parameters", parameters, step)
        log_metric("gradient_seconds", _median(self._gradients), step)
        log_metric("step_seconds", _median(self._steps), step)


def _median(seconds: deque[float]) -> float:
    return statistics.median(list(seconds)[len(seconds) // 5 :])
