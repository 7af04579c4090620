"""What starts, watches and ends the processes of a run. A launcher knows nothing of queues, the hub or training."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import msgspec

H = TypeVar("H")

FINAL = 78
"""Exit code of a process that must not be started again (EX_CONFIG: what it was told cannot be)."""
RESTART = "CG_RESTART"
"""Environment variable that counts how often a process was started again."""
LINE_LIMIT = 64 * 2**10
"""Longest line, in bytes; a longer one arrives in parts."""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """One process of a run. ``rank`` counts within its ``role``; the environment is the whole of it, nothing is inherited.
    ``cpus``, ``memory`` (bytes; 0: any) and ``gpus`` are what it needs, for the engines that give each process its own.

    A launcher that can starts it again alone up to ``restarts`` times when it fails, with ``CG_RESTART`` one higher each
    time; the others go on meanwhile.
    """

    role: str
    rank: int
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    cpus: float = 1.0
    memory: int = 0
    gpus: int = 0
    restarts: int = 0


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """All processes of one attempt: they start together, and the first that fails ends the others. The first of them is
    the one the others meet at (``MASTER_ADDR``).

    ``reads`` and ``writes`` are the folders the processes are given beside what the engine has, ``folder`` is an empty one
    for the launcher's own files; ``image`` is the container image, ``None``: the engine's.
    """

    name: str
    processes: Sequence[Process]
    reads: Sequence[Path] = ()
    writes: Sequence[Path] = ()
    folder: Path | None = None
    image: str | None = None


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a process, with its end of line. ``report`` lines are what the process tells the worker (metrics)."""

    stream: Literal["stdout", "stderr", "report"]
    rank: int
    role: str
    data: bytes


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How a job is. ``exit_code`` is ``None`` while any process lives; then 0, or that of the first that failed
    (128 + the signal's number for one that was killed). ``cpu_seconds`` counts what has ended,
    ``restarts`` the processes that were started again.
    """

    exit_code: int | None = None
    failed: str | None = None
    cpu_seconds: float = 0.0
    restarts: int = 0


class Launcher(Protocol[H]):
    """One way to run processes. ``H`` is what it remembers of a job."""

    async def start(self, job: Job) -> H:
        """Start all processes or none; :class:`OSError` or :class:`CommongroundError` when one cannot be."""
        ...

    async def poll(self, handle: H) -> Status:
        """How the job is now."""
        ...

    async def wait(self, handle: H) -> Status:
        """How the job ended; the log is complete then."""
        ...

    async def kill(self, handle: H, grace: float) -> None:
        """Ask all processes to end, and after ``grace`` seconds make them; returns when none is left."""
        ...

    def logs(self, handle: H) -> AsyncIterator[LogLine]:
        """What the processes write, as it comes, until all have ended."""
        ...


@runtime_checkable
class KillsProcesses(Protocol):
    """A launcher that can kill one process of a job, which then counts as failed."""

    def kill_process(self, handle: Any, role: str, rank: int) -> None:
        """Kill it, if it lives."""
        ...
