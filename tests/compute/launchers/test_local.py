"""Processes of this machine: they start together, end together, and leave nothing behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from commonground.compute.launchers.local import LocalHandle, LocalLauncher
from commonground.compute.launchers.model import Job, LogLine, Process, Status

pytestmark = pytest.mark.anyio
LAUNCHER = LocalLauncher(grace=0.3)


def job(folder: Path, *scripts: str, **environment: str) -> Job:
    """One process a script."""
    variables = {"PATH": os.defpath, **environment}
    return Job(
        name="test",
        processes=[
            Process(role="worker", rank=rank, command=["/bin/sh", "-c", script], environment=variables, folder=folder)
            for rank, script in enumerate(scripts)
        ],
    )


async def run(asked: Job) -> tuple[Status, list[LogLine]]:
    handle = await LAUNCHER.start(asked)
    lines = [line async for line in LAUNCHER.logs(handle)]
    return await LAUNCHER.wait(handle), lines


def texts(lines: Sequence[LogLine], stream: str = "stdout") -> list[bytes]:
    return [line.data for line in lines if line.stream == stream]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def gone(pid: int, seconds: float = 3.0) -> bool:
    give_up = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < give_up:
        await asyncio.sleep(0.02)
    return not alive(pid)


async def first_line(handle: LocalHandle) -> bytes:
    line = await asyncio.wait_for(handle.lines.get(), 10)
    assert line is not None
    return line.data


async def test_output_arrives_as_lines_of_their_stream(tmp_path: Path) -> None:
    status, lines = await run(job(tmp_path, "echo out; echo err >&2; printf rest; echo m >&$CG_REPORT_FD"))
    assert status.exit_code == 0
    assert texts(lines) == [b"out\n", b"rest"]
    assert texts(lines, "stderr") == [b"err\n"]
    assert texts(lines, "report") == [b"m\n"]


async def test_nothing_is_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CG_SECRET_KEY", "of the server")
    _, lines = await run(job(tmp_path, "env; pwd; ls -l /proc/self/fd | grep -c socket || true", A="1"))
    assert b"CG_SECRET_KEY" not in b"".join(texts(lines))
    assert b"A=1\n" in texts(lines)
    assert f"{tmp_path}\n".encode() in texts(lines)
    assert texts(lines)[-1] == b"0\n"


async def test_an_exit_code_and_a_signal(tmp_path: Path) -> None:
    assert (await run(job(tmp_path, "exit 7")))[0].exit_code == 7
    assert (await run(job(tmp_path, "kill -9 $$")))[0].exit_code == 137


async def test_a_command_that_is_not_there_fails(tmp_path: Path) -> None:
    absent = Process(role="worker", rank=0, command=["/nonexistent"], environment={}, folder=tmp_path)
    status, lines = await run(Job(name="x", processes=[absent]))
    assert status.exit_code != 0
    assert b"nonexistent" in b"".join(texts(lines, "stderr"))


async def test_the_cpu_time_of_all_processes_is_counted(tmp_path: Path) -> None:
    busy = f"exec {sys.executable} -c 'import time\nwhile time.process_time() < 0.2: pass'"
    status, _ = await run(job(tmp_path, busy, busy))
    assert 0.4 <= status.cpu_seconds < 2


async def test_the_first_that_fails_ends_the_others(tmp_path: Path) -> None:
    began = time.monotonic()
    status, _ = await run(job(tmp_path, "sleep 60", "exit 3", "trap '' TERM; sleep 60; sleep 60"))
    assert (status.exit_code, status.failed) == (3, "worker 1")
    assert time.monotonic() - began < 10


async def test_a_killed_job_leaves_no_process(tmp_path: Path) -> None:
    script = "(trap '' TERM; setsid sleep 1000 & echo $!; sleep 1000) & wait"
    handle = await LAUNCHER.start(job(tmp_path, script))
    pid = int(await first_line(handle))
    assert (await LAUNCHER.poll(handle)).exit_code is None
    await LAUNCHER.kill(handle, 0.1)
    assert await gone(pid)
    assert (await LAUNCHER.poll(handle)).exit_code != 0


async def test_a_frozen_process_is_killed(tmp_path: Path) -> None:
    handle = await LAUNCHER.start(job(tmp_path, "echo $$; kill -STOP $$"))
    pid = int(await first_line(handle))
    await LAUNCHER.kill(handle, 0.1)
    assert await gone(pid)


async def test_what_a_command_leaves_running_ends_with_it(tmp_path: Path) -> None:
    _, lines = await run(job(tmp_path, "sleep 1000 & echo $!"))
    assert await gone(int(texts(lines)[0]))


async def test_a_very_long_line_arrives_in_parts(tmp_path: Path) -> None:
    _, lines = await run(job(tmp_path, "head -c 300000 /dev/zero | tr '\\0' x"))
    assert sum(map(len, texts(lines))) == 300_000
    assert max(map(len, texts(lines))) < 200_000


async def test_the_processes_of_a_killed_worker_end(tmp_path: Path) -> None:
    program = f"""
import asyncio, pathlib
from tests.compute.launchers.test_local import LAUNCHER, first_line, job
async def main():
    handle = await LAUNCHER.start(job(pathlib.Path({str(tmp_path)!r}), "echo $$; sleep 1000"))
    print(int(await first_line(handle)), flush=True)
    await asyncio.sleep(1000)
asyncio.run(main())
"""
    worker = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    pid = int(worker.stdout.readline())
    assert alive(pid)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    assert await gone(pid)


def restarting(folder: Path, script: str, restarts: int, **environment: str) -> Job:
    """``script`` as worker 0, which is started again, beside a worker 1 that waits for the file ``done``."""
    first, second = job(folder, script, "until test -e done; do sleep 0.02; done", **environment).processes
    return Job(name="test", processes=[msgspec.structs.replace(first, restarts=restarts), second])


async def test_a_process_is_started_again_alone(tmp_path: Path) -> None:
    script = "echo $CG_RESTART; test $CG_RESTART = 3 && touch done || kill -9 $$"
    status, lines = await run(restarting(tmp_path, script, 2, CG_RESTART="1"))
    assert (status.exit_code, status.restarts) == (0, 2)
    assert texts(lines) == [b"1\n", b"2\n", b"3\n"]


async def test_a_process_is_started_again_only_so_often(tmp_path: Path) -> None:
    status, lines = await run(restarting(tmp_path, "echo a; exit 5", 1))
    assert (status.exit_code, status.failed, status.restarts) == (5, "worker 0", 1)
    assert texts(lines) == [b"a\n", b"a\n"]


async def test_what_cannot_be_is_not_started_again(tmp_path: Path) -> None:
    status, _ = await run(restarting(tmp_path, "exit 78", 3))
    assert (status.exit_code, status.restarts) == (78, 0)


async def test_one_process_of_a_job_can_be_killed(tmp_path: Path) -> None:
    handle = await LAUNCHER.start(restarting(tmp_path, "test $CG_RESTART && touch done || sleep 1000", 1))
    LAUNCHER.kill_process(handle, "worker", 0)
    assert [line async for line in LAUNCHER.logs(handle)] == []
    assert (await LAUNCHER.wait(handle)).restarts == 1
