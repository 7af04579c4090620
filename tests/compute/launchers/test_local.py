"""Processes of this machine: they start together, end together, and leave nothing behind."""

import asyncio
import time
from pathlib import Path

import pytest

from commonground.compute.launchers.local import LocalLauncher
from tests.compute.launchers.contract import LauncherContract

pytestmark = pytest.mark.anyio


def launcher() -> LocalLauncher:
    return LocalLauncher(grace=0.3)


class TestLocal(LauncherContract):
    maker = "tests.compute.launchers.test_local:launcher"


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def gone(pid: int, seconds: float = 3.0) -> bool:
    """Whether a process ends in time."""
    give_up = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < give_up:
        await asyncio.sleep(0.02)
    return not alive(pid)
