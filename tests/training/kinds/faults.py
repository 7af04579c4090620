"""Finds the processes of a run, and does to them what machines do."""

import os
import signal
import time

import psutil


def process(run: int, role: str, rank: int, *, seconds: float = 15) -> int:
    """The process id of a role's rank, once there is one."""
    wanted = {"CG_RUN": str(run), "CG_ROLE": role, "RANK": str(rank)}
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        for found in psutil.Process().children(recursive=True):
            if _matches(found, wanted):
                return int(found.pid)
        time.sleep(0.01)
    raise AssertionError(f"run {run} has no {role} {rank}")


def strike(run: int, role: str, rank: int, number: signal.Signals = signal.SIGKILL) -> int:
    """Send a signal to a process of a run; when that was, in UTC milliseconds."""
    pid = process(run, role, rank)
    struck = time.time_ns() // 1_000_000
    os.kill(pid, number)
    return struck


def _matches(found: psutil.Process, wanted: dict[str, str]) -> bool:
    try:
        environment, command = found.environ(), found.cmdline()
    except psutil.Error:
        return False
    return (
        "commonground.compute.kinds" in command[:4]
        and "guard.py" not in " ".join(command)
        and wanted.items() <= environment.items()
    )
