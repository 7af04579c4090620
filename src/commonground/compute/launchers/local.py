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

from commonground.compute.launchers.model import LINE_LIMIT, Job, LogLine, Process, Status

GUARD = Path(__file__).with_name("guard.py")
WAITING_LINES = 1000
"""Lines that wait to be read before the processes have to wait."""
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
        self.over: asyncio.Task[Status] | None = None

    def tell(self, word: bytes) -> None:
        """Say something to every guard that lives."""
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
            handle.tell(b"K")
            for guarded in handle.guarded:
                guarded.link.close()
            raise
        handle.over = asyncio.create_task(self._end(handle))
        return handle

    async def _end(self, handle: LocalHandle) -> Status:
        await asyncio.gather(*(self._watch(handle, guarded) for guarded in handle.guarded))
        for guarded in handle.guarded:
            await asyncio.gather(*guarded.readers)
        await handle.lines.put(None)
        return _status(handle)

    async def _watch(self, handle: LocalHandle, guarded: _Guarded) -> None:
        await guarded.ended()
        assert guarded.report is not None
        if guarded.report.exit != 0 and handle.failed is None:  # the first that fails ends the others
            handle.failed = guarded
            handle.tell(b"T")
            asyncio.get_running_loop().call_later(self._grace, handle.tell, b"K")

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
        handle.tell(b"T")
        await asyncio.wait([handle.over], timeout=grace)
        handle.tell(b"K")
        await asyncio.shield(handle.over)
        await draining

    async def logs(self, handle: LocalHandle) -> AsyncIterator[LogLine]:
        """The lines of all processes as they come."""
        while (line := await handle.lines.get()) is not None:
            yield line
        handle.lines.put_nowait(None)  # for whoever asks again


async def _drain(handle: LocalHandle) -> None:
    while await handle.lines.get() is not None:
        pass
    handle.lines.put_nowait(None)


def _status(handle: LocalHandle) -> Status:
    cpu = sum(guarded.report.cpu for guarded in handle.guarded if guarded.report is not None)
    if handle.failed is None or handle.failed.report is None:
        return Status(exit_code=0, cpu_seconds=cpu)
    process = handle.failed.process
    return Status(exit_code=handle.failed.report.exit, failed=f"{process.role} {process.rank}", cpu_seconds=cpu)


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
