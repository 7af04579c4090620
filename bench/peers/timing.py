"""Seconds of a step, the same way for every peer."""

import statistics
import time
from collections.abc import Callable

WARM_UP = 3


def median_seconds(step: Callable[[], object], steps: int) -> float:
    """Median seconds of ``step``, after a few that do not count."""
    for _ in range(WARM_UP):
        step()
    took = []
    for _ in range(steps):
        began = time.perf_counter()
        step()
        took.append(time.perf_counter() - began)
    return statistics.median(took)
