"""What worker 0 reports while it trains."""

import time

from commonground.compute.reporting import log_metric
from commonground.training.program import Program

INTERVAL = 0.1
"""Seconds between reports: of fast steps some are left out."""


class Progress:
    """Metrics ``loss`` (of worker 0's rows in that step, before its update), ``steps_per_second`` and the program's own."""

    def __init__(self, rank: int) -> None:
        self._reports = rank == 0
        self._steps, self._since = 0, time.monotonic()

    def step(self, step: int, loss: float | None, *, last: bool) -> None:
        """Count a step; ``loss`` is ``None`` where it had no rows."""
        self._steps += 1
        elapsed = time.monotonic() - self._since
        if not self._reports or not (last or elapsed >= INTERVAL):
            return
        if loss is not None:
            log_metric("loss", loss, step)
        if elapsed > 0:
            log_metric("steps_per_second", self._steps / elapsed, step)
        self._steps, self._since = 0, time.monotonic()

    def metrics(self, program: Program, step: int) -> None:
        """Report what the program says of its parameters."""
        if self._reports:
            for name, value in program.evaluate().items():
                log_metric(name, value, step)
