"""Workers that die or freeze: another takes the run over, and what the old one still does counts for nothing."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.compute.launchers.test_local import gone
from tests.compute.runs.house import House, working

pytestmark = pytest.mark.anyio
FIRST_WAITS = "echo $CG_ATTEMPT $$; echo $CG_ATTEMPT > $CG_OUTPUT_M/x; test $CG_ATTEMPT = 2 || sleep 1000"


@contextmanager
def worker_process(data: Path) -> Iterator["subprocess.Popen[str]"]:
    """A worker of the same hub in another process, ready to claim."""
    command = [sys.executable, "-m", "tests.compute.runs.worker_process", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def first_process(house: House, run: int) -> int:
    """The process of the first attempt, once it has said so."""
    give_up = time.monotonic() + 20
    while not (log := await house.log(run)):
        assert time.monotonic() < give_up
        await asyncio.sleep(0.05)
    return int(log.split()[1])


async def test_the_run_of_a_killed_worker_is_taken_over(idle: House) -> None:
    model, _ = await idle.repository("m")
    run = await idle.submit(FIRST_WAITS, outputs={"m": "hub://alice/m"})
    with worker_process(idle.services.settings.data) as process:
        pid = await first_process(idle, run.id)
        process.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        async with working(idle.services):
            done = await idle.ended(run)
    assert (done.state, done.attempt, done.error) == ("succeeded", 2, None)
    assert time.monotonic() - killed < 5
    assert await gone(pid)
    assert (await idle.files(model))["x"] == b"2\n"
    assert await idle.services.revisions.count_commits(model, "main") == 2


async def test_a_worker_that_thaws_finds_its_run_taken(idle: House) -> None:
    model, _ = await idle.repository("m")
    run = await idle.submit(FIRST_WAITS, outputs={"m": "hub://alice/m"})
    with worker_process(idle.services.settings.data) as process:
        pid = await first_process(idle, run.id)
        process.send_signal(signal.SIGSTOP)
        async with working(idle.services):
            done = await idle.ended(run)
        process.send_signal(signal.SIGCONT)
        assert await gone(pid, 10)
    assert (done.state, done.attempt) == ("succeeded", 2)
    assert await idle.services.revisions.count_commits(model, "main") == 2
    assert await idle.runs.find(idle.alice, run.id) == done
