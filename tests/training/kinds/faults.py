"""Finds the processes of a run, and does to them what machines do."""

import os
import signal
import time

import psutil
from bench.faults import process_of


def strike(run: int, role: str, rank: int, number: signal.Signals = signal.SIGKILL) -> int:
    """Send a signal to a process of a run; when that was, in UTC milliseconds."""
    pid = process_of(lambda: psutil.Process().children(recursive=True), run, role, rank)
    struck = time.time_ns() // 1_000_000
    os.kill(pid, number)
    return struck
