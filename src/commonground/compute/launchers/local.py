"""Processes of this machine, each below a guard that ends it when the worker goes."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from commonground.compute.launchers.model import FINAL, LINE_LIMIT, RESTART, Job, LogLine, Process, Status

GUARD = Path(__file__).with_name("guard.py")
WAITING_LINES = 1000
"""Lines that wait to be read before the processes have to wait."""
PAUSE, LONGEST_PAUSE = 0.25, 5.0
"""Seconds before a process is started again: none the first time, then longer each time."""
REPORT_FD = "CG_REPORT_FD"
"""Environment variable with the file descriptor for metrics and heartbeats."""


class _Report(msgspec.Struct):
    exit: int
    cpu: float


class _Guarded:
    """One process: its guard, the line to it, and the readers of what the process writes."""

    def __init__(self, process: Process, guard: asyncio.subprocess.Process, link: socket.socket) -> None:
        self.process, self.guard, self.link = process, guard, link
        self.readers: list[asyncio.Task[None]] = []
        self.report: _Report | None = None
        self.restarts = 0

    @property
    def exit_code(self) -> int | None:
        """``None`` while it lives."""
        return None if self.report is None else self.report.exit

    def tell(self, word: bytes) -> None:
        with suppress(OSError):
            self.link.send(word)

    async def ended(self) -> None:
        """Wait for the guard and what it reports. A guard that was killed reports nothing: its process fails."""
        loop, text = asyncio.get_running_loop(), b""
        with suppress(OSError):
            while part := await loop.sock_recv(self.link, 4096):
                text += part
        await self.guard.wait()
        self.link.close()
        try:
            self.report = msgspec.json.decode(text, type=_Report)
        except msgspec.DecodeError:
            self.report = _Report(137, 0.0)


class LocalHandle:
    """The processes of one job."""

    def __init__(self) -> None:
        self.guarded: list[_Guarded] = []
        self.lines: asyncio.Queue[LogLine | None] = asyncio.Queue(WAITING_LINES)
        self.failed: _Guarded | None = None
        self.lost: list[_Guarded] = []
        """What was started again."""
        self.ending = False
        self.over: asyncio.Task[Status] | None = None

    def end(self, word: bytes) -> None:
        """Say ``T`` or ``K`` to every guard that lives, and start nothing again."""
        self.ending = True
        for guarded in self.guarded:
            if guarded.report is None:
                guarded.tell(word)


class LocalLauncher:
    """Starts processes here. Implements :class:`Launcher`."""

    def __init__(self, grace: float = 5.0) -> None:
        self._grace = grace

    async def start(self, job: Job) -> LocalHandle:
        """Start all processes or none; :class:`OSError` when a guard cannot be started."""
        handle = LocalHandle()
        try:
            for process in job.processes:
                handle.guarded.append(await _start(process, handle.lines))
        except BaseException:
            handle.end(b"K")
            for guarded in handle.guarded:
                guarded.link.close()
            raise
        handle.over = asyncio.create_task(self._end(handle))
        return handle

    async def _end(self, handle: LocalHandle) -> Status:
        await asyncio.gather(*(self._watch(handle, index) for index in range(len(handle.guarded))))
        for guarded in [*handle.guarded, *handle.lost]:
            await asyncio.gather(*guarded.readers)
        await handle.lines.put(None)
        return _status(handle)

    async def _watch(self, handle: LocalHandle, index: int) -> None:
        """Stay with a process, and with those that follow it, until the last has ended."""
        await handle.guarded[index].ended()
        while _startable(handle, lost := handle.guarded[index]):
            await asyncio.sleep(min(lost.restarts * PAUSE, LONGEST_PAUSE))
            if handle.ending:
                return
            handle.lost.append(lost)
            handle.guarded[index] = await _start(_again(lost.process), handle.lines)
            handle.guarded[index].restarts = lost.restarts + 1
            await handle.guarded[index].ended()
        if handle.guarded[index].exit_code != 0 and handle.failed is None:  # the first that fails ends the others
            handle.failed = handle.guarded[index]
            handle.end(b"T")
            asyncio.get_running_loop().call_later(self._grace, handle.end, b"K")

    async def poll(self, handle: LocalHandle) -> Status:
        """How the job is now."""
        assert handle.over is not None
        status = _status(handle)
        return status if handle.over.done() else msgspec.structs.replace(status, exit_code=None)

    async def wait(self, handle: LocalHandle) -> Status:
        """How the job ended. Its lines have to be read, or it waits with them."""
        assert handle.over is not None
        return await asyncio.shield(handle.over)

    async def kill(self, handle: LocalHandle, grace: float) -> None:
        """Ask, wait ``grace`` seconds, kill; lines nobody read are thrown away."""
        assert handle.over is not None
        draining = asyncio.create_task(_drain(handle))
        handle.end(b"T")
        await asyncio.wait([handle.over], timeout=grace)
        handle.end(b"K")
        await asyncio.shield(handle.over)
        await draining

    def kill_process(self, handle: LocalHandle, role: str, rank: int) -> None:
        """Kill one process, which then counts as failed. Implements :class:`KillsProcesses`."""
        for guarded in handle.guarded:
            if guarded.report is None and (guarded.process.role, guarded.process.rank) == (role, rank):
                guarded.tell(b"K")

    async def logs(self, handle: LocalHandle) -> AsyncIterator[LogLine]:
        """The lines of all processes as they come."""
        while (line := await handle.lines.get()) is not None:
            yield line
        handle.lines.put_nowait(None)  # for whoever asks again


async def _drain(handle: LocalHandle) -> None:
    while await handle.lines.get() is not None:
        pass
    handle.lines.put_nowait(None)


def _startable(handle: LocalHandle, ended: _Guarded) -> bool:
    return not handle.ending and ended.exit_code not in (0, FINAL) and ended.restarts < ended.process.restarts


def _again(process: Process) -> Process:
    count = int(process.environment.get(RESTART, "0")) + 1
    return msgspec.structs.replace(process, environment={**process.environment, RESTART: str(count)})


def _status(handle: LocalHandle) -> Status:
    ended = [guarded.report for guarded in [*handle.guarded, *handle.lost] if guarded.report is not None]
    status = Status(exit_code=0, cpu_seconds=sum(report.cpu for report in ended), restarts=len(handle.lost))
    if handle.failed is None:
        return status
    process = handle.failed.process
    return msgspec.structs.replace(status, exit_code=handle.failed.exit_code, failed=f"{process.role} {process.rank}")


async def _start(process: Process, lines: "asyncio.Queue[LogLine | None]") -> _Guarded:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    pipes = {name: os.pipe() for name in ("stdout", "stderr", "report")}
    report = pipes["report"][1]
    try:
        guard = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(GUARD), str(theirs.fileno()), str(report), *process.command,
            cwd=process.folder, env={**process.environment, REPORT_FD: "3"}, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=pipes["stdout"][1], stderr=pipes["stderr"][1],
            pass_fds=(theirs.fileno(), report),
        )  # fmt: skip
    except BaseException:
        ours.close()
        for read, _ in pipes.values():
            os.close(read)
        raise
    finally:
        theirs.close()
        for _, write in pipes.values():
            os.close(write)
    guarded = _Guarded(process, guard, ours)
    for stream, (read, _) in pipes.items():
        guarded.readers.append(asyncio.create_task(_read(stream, read, process, lines)))  # type: ignore[arg-type]
    return guarded


async def _read(
    stream: Literal["stdout", "stderr", "report"], fd: int, process: Process, lines: "asyncio.Queue[LogLine | None]"
) -> None:
    """Hand on the lines of a pipe until its last writer is gone."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(LINE_LIMIT, loop)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader, loop=loop), os.fdopen(fd, "rb", buffering=0)
    )
    rest = b""
    try:
        while part := await reader.read(LINE_LIMIT):
            *whole, rest = (rest + part).splitlines(keepends=True)
            if rest.endswith(b"\n") or len(rest) >= LINE_LIMIT:
                whole, rest = [*whole, rest], b""
            for data in whole:
                await lines.put(LogLine(stream=stream, rank=process.rank, role=process.role, data=data))
        if rest:
            await lines.put(LogLine(stream=stream, rank=process.rank, role=process.role, data=rest))
    finally:
        transport.close()
