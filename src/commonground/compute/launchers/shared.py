"""Processes on machines that share a folder with the worker. An engine only places agents (``agent.py``) there; what
they run, what comes of it and that the worker lives travels in files, so every engine behaves like the local one.
"""

import asyncio
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import msgspec

from commonground.compute.launchers import places
from commonground.compute.launchers.model import Job, LogLine, Status
from commonground.compute.launchers.tail import Tails
from commonground.errors import EngineFailed

P = TypeVar("P")
PROGRAMS = tuple(Path(__file__).with_name(name) for name in ("agent.py", "guard.py"))
"""What other machines run; it travels in the shared folder."""
TICK = 0.1
BEAT = 1.0
LOOK = 1.0
"""How often the engine is asked what became of the processes, in seconds."""
SETTLE = 2.0
"""How long a process the engine knows no more may take to say how it ended: folders of other machines lag."""
KILLED = 137


class Engine(Protocol[P]):
    """What starts agents somewhere. ``P`` is what it remembers of those of one job."""

    name: str

    async def place(self, job: Job, root: Path) -> P:
        """Ask for an agent of ``root`` for every process, for all or for none; they may start later. Must be quick.
        :class:`EngineFailed`.
        """
        ...

    async def gone(self, placed: P) -> Mapping[int, str]:
        """The numbers of processes that will not run or go on, and why. One that said how it ended may be among them."""
        ...

    async def remove(self, placed: P) -> None:
        """Kill what is left of the agents and forget the job."""
        ...


class Ended(msgspec.Struct, frozen=True):
    """How a process ended."""

    exit: int
    cpu: float = 0.0
    restarts: int = 0


class SharedHandle(Generic[P]):
    """The processes of one job, and what is known of them."""

    def __init__(self, job: Job, root: Path) -> None:
        self.job, self.root = job, root
        self.tails = Tails(root, list(job.processes))
        self.ended: dict[int, Ended] = {}
        self.gone: dict[int, float] = {}
        self.failed: int | None = None
        self.asked = ""
        self.asked_at = 0.0
        self.grace = 0.0
        self.placed: P | None = None
        self.over: asyncio.Task[Status] | None = None

    @property
    def missing(self) -> list[int]:
        """Processes that have not ended."""
        return [number for number in range(len(self.job.processes)) if number not in self.ended]

    def status(self) -> Status:
        """How the job would have ended, were it over."""
        ended = self.ended.values()
        status = Status(exit_code=0, cpu_seconds=sum(e.cpu for e in ended), restarts=sum(e.restarts for e in ended))
        if self.failed is None:
            return status
        process, code = self.job.processes[self.failed], self.ended[self.failed].exit
        return msgspec.structs.replace(status, exit_code=code, failed=f"{process.role} {process.rank}")

    async def ask(self, word: str, grace: float) -> None:
        """Tell the agents to end (``T``) or to kill (``K``), and how long they may take until more is done."""
        self.grace = grace  # first: whoever sees that they were asked also sees how long they have
        if self.asked != "K" and word != self.asked:
            self.asked, self.asked_at = word, time.monotonic()
            await asyncio.to_thread(_write, self.root / "end", word.encode())


class SharedLauncher(Generic[P]):
    """Starts agents through an engine. Implements :class:`Launcher`. An agent that sees no sign of life of the worker
    for ``silence`` seconds ends its process.
    """

    def __init__(self, engine: Engine[P], grace: float = 5.0, silence: float = 10.0) -> None:
        self._engine, self._grace, self._silence = engine, grace, silence

    async def start(self, job: Job) -> SharedHandle[P]:
        """Start all processes or none, however long the engine takes to find room; :class:`EngineFailed`."""
        handle: SharedHandle[P] = SharedHandle(job, await asyncio.to_thread(_prepare, job, self._silence))
        beating = asyncio.create_task(_beat(handle.root))
        placing = asyncio.ensure_future(self._engine.place(job, handle.root))
        try:
            handle.placed = await asyncio.shield(placing)
            await self._meet(handle)
        except BaseException:
            await asyncio.shield(self._give_up(handle, placing))
            beating.cancel()
            raise
        handle.over = asyncio.create_task(self._end(handle, handle.placed, beating))
        return handle

    async def _give_up(self, handle: SharedHandle[P], placing: "asyncio.Future[P]") -> None:
        await handle.ask("K", 0)
        with suppress(EngineFailed):
            await self._engine.remove(await placing)

    async def _meet(self, handle: SharedHandle[P]) -> None:
        """Wait until every agent is in its place, then tell all where the others are."""
        assert handle.placed is not None
        looked_at = 0.0
        while (found := await asyncio.to_thread(_addresses, handle)) is None:
            await asyncio.sleep(TICK)
            if time.monotonic() - looked_at > LOOK:
                for number, reason in (await self._engine.gone(handle.placed)).items():
                    process = handle.job.processes[number]
                    raise EngineFailed(engine=self._engine.name, reason=f"{process.role} {process.rank}: {reason}")
                looked_at = time.monotonic()
        changes = places.changes(handle.job.processes, found)
        await asyncio.to_thread(_write, handle.root / "places.json", msgspec.json.encode(changes))

    async def _end(self, handle: SharedHandle[P], placed: P, beating: "asyncio.Task[None]") -> Status:
        looking = asyncio.create_task(self._look(handle, placed))
        try:
            while handle.missing:
                await asyncio.sleep(TICK)
                await asyncio.to_thread(_collect, handle)
                if handle.failed is not None and not handle.asked:  # the first that fails ends the others
                    await handle.ask("T", self._grace)
                elif handle.asked and time.monotonic() - handle.asked_at > handle.grace:
                    await self._press(handle)
        finally:
            beating.cancel()
            looking.cancel()
            await asyncio.shield(self._engine.remove(placed))
        return handle.status()

    async def _press(self, handle: SharedHandle[P]) -> None:
        """They had their time."""
        if handle.asked == "T":
            await handle.ask("K", self._grace)
        else:  # nor do the agents answer
            for number in handle.missing:
                _lose(handle, number)

    async def _look(self, handle: SharedHandle[P], placed: P) -> None:
        while True:
            await asyncio.sleep(LOOK)
            for number, reason in (await self._engine.gone(placed)).items():
                if number not in handle.gone:
                    handle.gone[number] = time.monotonic()
                    if number not in handle.ended and not handle.asked:
                        handle.tails.say(number, f"{self._engine.name}: {reason}")

    async def poll(self, handle: SharedHandle[P]) -> Status:
        """How the job is now."""
        assert handle.over is not None
        status = handle.status()
        return status if handle.over.done() else msgspec.structs.replace(status, exit_code=None)

    async def wait(self, handle: SharedHandle[P]) -> Status:
        """How the job ended."""
        assert handle.over is not None
        return await asyncio.shield(handle.over)

    async def kill(self, handle: SharedHandle[P], grace: float) -> None:
        """Ask, wait ``grace`` seconds, kill."""
        assert handle.over is not None
        if not handle.over.done():
            await handle.ask("T", grace)
        await asyncio.shield(handle.over)

    def kill_process(self, handle: SharedHandle[P], role: str, rank: int) -> None:
        """Kill one process, which then counts as failed. Implements :class:`KillsProcesses`."""
        for number, process in enumerate(handle.job.processes):
            if number not in handle.ended and (process.role, process.rank) == (role, rank):
                _write(handle.root / str(number) / "kill", secrets.token_bytes(8))

    async def logs(self, handle: SharedHandle[P]) -> AsyncIterator[LogLine]:
        """The lines of all processes as they come."""
        assert handle.over is not None
        while True:
            over = handle.over.done()
            lines = await asyncio.to_thread(handle.tails.read, last=over)
            for line in lines:
                yield line
            if not lines:
                if over:
                    return
                await asyncio.sleep(TICK)


def agent_command(python: str, root: Path, number: str) -> list[str]:
    """How an engine starts an agent; ``number`` is that of the process, or the variable which holds it."""
    return [python, "-I", "-S", str(root / "agent.py"), str(root), number]


def _prepare(job: Job, silence: float) -> Path:
    if job.folder is None:
        raise ValueError("a job for other machines needs a folder they share")
    root = job.folder / secrets.token_hex(8)
    root.mkdir(mode=0o700)
    for program in PROGRAMS:
        shutil.copyfile(program, root / program.name)
    for number, process in enumerate(job.processes):
        own = root / str(number)
        own.mkdir(mode=0o700)
        told = {
            "command": list(process.command), "environment": dict(process.environment),
            "folder": str(process.folder), "silence": silence,
            "restarts": process.restarts,
        }  # fmt: skip
        _write(own / "process.json", msgspec.json.encode(told))
    return root


async def _beat(root: Path) -> None:
    count = 0
    while True:
        count += 1
        with suppress(OSError):  # a full disk: the agents will notice
            await asyncio.to_thread(_write, root / "lease", str(count).encode())
        await asyncio.sleep(BEAT)


def _addresses(handle: SharedHandle[P]) -> list[places.Address] | None:
    found = [_read(handle.root / str(number) / "address", places.Address) for number in handle.missing]
    return None if None in found else [address for address in found if address is not None]


def _collect(handle: SharedHandle[P]) -> None:
    """Take note of processes that have ended, or of which nothing more is to be heard."""
    for number in handle.missing:
        ended = _read(handle.root / str(number) / "ended.json", Ended)
        if ended is not None:
            _note(handle, number, ended)
        elif time.monotonic() - handle.gone.get(number, time.monotonic()) > SETTLE:
            _lose(handle, number)


def _lose(handle: SharedHandle[P], number: int) -> None:
    _note(handle, number, Ended(KILLED))


def _note(handle: SharedHandle[P], number: int, ended: Ended) -> None:
    handle.ended[number] = ended
    if ended.exit != 0 and handle.failed is None:
        handle.failed = number


T = TypeVar("T")


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError):
        return None


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all; for this user alone."""
    draft = path.with_name(f".{path.name}.new")
    with open(draft, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
    draft.replace(path)
