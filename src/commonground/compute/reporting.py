"""What a process of a run tells its worker: metrics, and that it lives. Outside a run all of it does nothing."""

import json
import math
import os
import time
from contextlib import suppress

REPORT_FD = "CG_REPORT_FD"
LINE_LIMIT = 4096
"""Longest line of a report, in bytes: shorter ones are written whole, whatever other processes write."""


def log_metric(key: str, value: float, step: int = 0) -> None:
    """Report ``value`` of the metric ``key`` at ``step``. :class:`ValueError` for an empty or very long key."""
    if not 0 < len(key) <= 128:
        raise ValueError("the key of a metric has 1 to 128 characters")
    if math.isfinite(value):  # JSON knows no other numbers
        _write({"key": key, "value": float(value), "step": int(step), "time": time.time_ns() // 1_000_000})


def heartbeat(promise: float | None = None) -> None:
    """Show that the process lives, where ``fault.heartbeat`` asks for it and there is nothing else to say.

    ``promise``: there will be another sign, this or anything written, at least every so many seconds; a process that breaks its promise
    is taken for frozen, and killed. 0 takes the promise back.
    """
    _write({} if promise is None else {"promise": promise})


def _write(report: dict[str, object]) -> None:
    fd = os.environ.get(REPORT_FD)
    if fd is not None:
        with suppress(OSError):  # the worker is gone: the process will be ended
            os.write(int(fd), json.dumps(report).encode() + b"\n")
