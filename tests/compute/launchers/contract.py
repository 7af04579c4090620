"""What every launcher promises: processes that start together, end together and leave nothing behind."""

import asyncio
import importlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from commonground.compute.launchers.model import Job, KillsProcesses, Launcher, LogLine, Process, Status


def job(folder: Path, *scripts: str, **environment: str) -> Job:
    """One process a script; ``folder`` is where they work."""
    variables = {"PATH": os.defpath, **environment}
    launch = folder.with_name(f"{folder.name}-launch")
    launch.mkdir(exist_ok=True)
    return Job(
        name="test",
        processes=[
            Process(role="worker", rank=rank, command=["/bin/sh", "-c", script], environment=variables, folder=folder)
            for rank, script in enumerate(scripts)
        ],
        writes=[folder],
        folder=launch,
    )


def restarting(folder: Path, script: str, restarts: int, **environment: str) -> Job:
    """``script`` as worker 0, which is started again, beside a worker 1 that waits for the file ``done``."""
    asked = job(folder, script, "until test -e done; do sleep 0.02; done", **environment)
    first, second = asked.processes
    return msgspec.structs.replace(asked, processes=[msgspec.structs.replace(first, restarts=restarts), second])


async def run(launcher: Launcher[Any], asked: Job) -> tuple[Status, list[LogLine]]:
    handle = await launcher.start(asked)
    lines = [line async for line in launcher.logs(handle)]
    return await launcher.wait(handle), lines


def texts(lines: Sequence[LogLine], stream: str = "stdout", rank: int | None = None) -> list[bytes]:
    return [line.data for line in lines if line.stream == stream and rank in {None, line.rank}]


def command_lines() -> list[bytes]:
    """Of every process of this machine that is not dead."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                found.append((path / "cmdline").read_bytes().replace(b"\0", b" "))
            except OSError:  # it has ended
                continue
    return found


def sleeper() -> str:
    """A command that lasts, and that no other test runs."""
    return f"sleep {100_000 + secrets.randbelow(10**8)}"


def alive(command: str) -> bool:
    return any(line.strip() == command.encode() for line in command_lines())


async def until(reached: Callable[[], bool], seconds: float = 15.0) -> bool:
    give_up = time.monotonic() + seconds
    while not reached() and time.monotonic() < give_up:
        await asyncio.sleep(0.05)
    return reached()


async def gone(command: str, seconds: float = 15.0) -> bool:
    return await until(lambda: not alive(command), seconds)


async def first_line(lines: AsyncIterator[LogLine]) -> bytes:
    return (await asyncio.wait_for(anext(lines), 30)).data


class LauncherContract:
    """A subclass says how its launcher is made: a function without arguments, as ``module:name``, since one test makes
    it in another process.
    """

    maker = ""
    worker_death_seconds = 5.0

    @pytest.fixture
    def launcher(self) -> Launcher[Any]:
        return make(self.maker)

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "work").mkdir()
        return tmp_path / "work"

    async def test_output_arrives_as_lines_of_their_stream(self, launcher: Launcher[Any], folder: Path) -> None:
        script = "echo out; echo err >&2; printf rest; echo m >&$CG_REPORT_FD"
        status, lines = await run(launcher, job(folder, script))
        assert status.exit_code == 0
        assert texts(lines) == [b"out\n", b"rest"]
        assert texts(lines, "stderr") == [b"err\n"]
        assert texts(lines, "report") == [b"m\n"]

    async def test_every_line_arrives_in_order(self, launcher: Launcher[Any], folder: Path) -> None:
        script = "i=0; while [ $i -lt 5000 ]; do echo $RANK.$i; i=$((i+1)); done"
        status, lines = await run(launcher, job(folder, f"RANK=0; {script}", f"RANK=1; {script}"))
        assert status.exit_code == 0
        for rank in (0, 1):
            assert texts(lines, rank=rank) == [b"%d.%d\n" % (rank, number) for number in range(5000)]

    async def test_a_very_long_line_arrives_in_parts(self, launcher: Launcher[Any], folder: Path) -> None:
        _, lines = await run(launcher, job(folder, "head -c 300000 /dev/zero | tr '\\0' x"))
        assert sum(map(len, texts(lines))) == 300_000
        assert max(map(len, texts(lines))) < 200_000

    async def test_nothing_of_the_worker_is_inherited(
        self, launcher: Launcher[Any], folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CG_SECRET_KEY", "of the server")
        value = 'it\'s "two"\nlines; $HOME `id` \\'
        script = 'env; pwd; ls -l /proc/self/fd | grep -c socket || true; printf %s "$B" > copy'
        _, lines = await run(launcher, job(folder, script, A="1", B=value))
        assert b"CG_SECRET_KEY" not in b"".join(texts(lines))
        assert b"A=1\n" in texts(lines)
        assert f"{folder}\n".encode() in texts(lines)
        assert texts(lines)[-1] == b"0\n"
        assert (folder / "copy").read_text() == value

    async def test_values_of_the_environment_are_on_no_command_line(
        self, launcher: Launcher[Any], folder: Path
    ) -> None:
        secret = secrets.token_hex(16)
        handle = await launcher.start(job(folder, "echo; sleep 60", TOKEN=secret))
        try:
            await first_line(launcher.logs(handle))
            assert secret.encode() not in b"".join(command_lines())
        finally:
            await launcher.kill(handle, 0.1)

    async def test_an_exit_code_and_a_signal(self, launcher: Launcher[Any], folder: Path) -> None:
        assert (await run(launcher, job(folder, "exit 7")))[0].exit_code == 7
        assert (await run(launcher, job(folder, "kill -9 $$")))[0].exit_code == 137

    async def test_a_command_that_is_not_there_fails(self, launcher: Launcher[Any], folder: Path) -> None:
        asked = job(folder, "")
        absent = Process(role="worker", rank=0, command=["/nonexistent"], environment={}, folder=folder)
        status, lines = await run(launcher, Job(name="x", processes=[absent], writes=[folder], folder=asked.folder))
        assert status.exit_code not in {0, None}
        assert b"nonexistent" in b"".join(texts(lines, "stderr"))

    async def test_the_cpu_time_of_all_processes_is_counted(self, launcher: Launcher[Any], folder: Path) -> None:
        busy = "i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done"
        before = os.times()
        subprocess.run(["/bin/sh", "-c", busy], check=True)
        alone = sum(os.times()[2:4]) - sum(before[2:4])
        status, _ = await run(launcher, job(folder, busy, busy))
        assert alone < status.cpu_seconds < 10 * alone + 2

    async def test_the_first_that_fails_ends_the_others(self, launcher: Launcher[Any], folder: Path) -> None:
        waiting, stubborn = sleeper(), sleeper()
        status, _ = await run(launcher, job(folder, waiting, "exit 3", f"trap '' TERM; {stubborn}; {stubborn}"))
        assert (status.exit_code, status.failed) == (3, "worker 1")
        assert await gone(waiting)
        assert await gone(stubborn)

    async def test_a_process_is_asked_before_it_is_killed(self, launcher: Launcher[Any], folder: Path) -> None:
        handle = await launcher.start(
            job(folder, "trap 'echo saved > kept; exit 0' TERM; echo; while :; do sleep 0.1; done")
        )
        await first_line(launcher.logs(handle))
        await launcher.kill(handle, 10)
        assert (folder / "kept").read_text() == "saved\n"

    async def test_a_killed_job_leaves_no_process(self, launcher: Launcher[Any], folder: Path) -> None:
        one, other = sleeper(), sleeper()
        handle = await launcher.start(job(folder, f"(trap '' TERM; setsid {one} & {other}) & echo; wait"))
        await first_line(launcher.logs(handle))
        assert await until(lambda: alive(one) and alive(other))
        assert (await launcher.poll(handle)).exit_code is None
        await launcher.kill(handle, 0.1)
        assert await gone(one)
        assert await gone(other)
        assert (await launcher.poll(handle)).exit_code not in {0, None}

    async def test_a_frozen_process_is_killed(self, launcher: Launcher[Any], folder: Path) -> None:
        command = sleeper()
        handle = await launcher.start(job(folder, f"{command} & echo; kill -STOP $$; wait"))
        await first_line(launcher.logs(handle))
        await launcher.kill(handle, 0.1)
        assert await gone(command)

    async def test_what_a_command_leaves_running_ends_with_it(self, launcher: Launcher[Any], folder: Path) -> None:
        command = sleeper()
        status, _ = await run(launcher, job(folder, f"{command} & echo"))
        assert status.exit_code == 0
        assert await gone(command)

    async def test_a_process_is_started_again_alone(self, launcher: Launcher[Any], folder: Path) -> None:
        script = "echo $CG_RESTART; test $CG_RESTART = 3 && touch done || kill -9 $$"
        status, lines = await run(launcher, restarting(folder, script, 2, CG_RESTART="1"))
        assert (status.exit_code, status.restarts) == (0, 2)
        assert texts(lines) == [b"1\n", b"2\n", b"3\n"]

    async def test_a_process_is_started_again_only_so_often(self, launcher: Launcher[Any], folder: Path) -> None:
        status, lines = await run(launcher, restarting(folder, "echo a; exit 5", 1))
        assert (status.exit_code, status.failed, status.restarts) == (5, "worker 0", 1)
        assert texts(lines) == [b"a\n", b"a\n"]

    async def test_what_cannot_be_is_not_started_again(self, launcher: Launcher[Any], folder: Path) -> None:
        status, _ = await run(launcher, restarting(folder, "exit 78", 3))
        assert (status.exit_code, status.restarts) == (78, 0)

    async def test_one_process_of_a_job_can_be_killed(self, launcher: Launcher[Any], folder: Path) -> None:
        asked = restarting(folder, f"echo; test $CG_RESTART = 1 && touch done || {sleeper()}", 1, CG_RESTART="0")
        assert isinstance(launcher, KillsProcesses)
        handle = await launcher.start(asked)
        lines = launcher.logs(handle)
        await first_line(lines)
        launcher.kill_process(handle, "worker", 0)
        assert [line.data async for line in lines] == [b"\n"]
        assert (await launcher.wait(handle)).restarts == 1

    async def test_the_processes_of_a_killed_worker_end(self, folder: Path) -> None:
        command = sleeper()
        program = ["-m", "tests.compute.launchers.contract", self.maker, str(folder), f"echo; {command}"]
        with subprocess.Popen([sys.executable, *program], stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "started\n"
            assert await until(lambda: alive(command))
            worker.send_signal(signal.SIGKILL)
        assert await gone(command, self.worker_death_seconds)


def make(maker: str) -> Launcher[Any]:
    module, _, name = maker.partition(":")
    launcher: Launcher[Any] = getattr(importlib.import_module(module), name)()
    return launcher


async def main(maker: str, folder: str, script: str) -> None:
    """A worker that starts one process and waits."""
    launcher = make(maker)
    handle = await launcher.start(job(Path(folder), script))
    await first_line(launcher.logs(handle))
    sys.stdout.write("started\n")
    sys.stdout.flush()
    await asyncio.sleep(1000)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
