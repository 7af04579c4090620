"""What starts, watches and ends the processes of a run. A launcher knows nothing of queues, the hub or training."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import msgspec

H = TypeVar("H")

LINE_LIMIT = 64 * 2**10
"""Longest line, in bytes; a longer one arrives in parts."""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """One process of a run. ``rank`` counts within its ``role``; the environment is the whole of it, nothing is inherited."""

    role: str
    rank: int
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """All processes of one attempt: they start together, and the first that fails ends the others."""

    name: str
    processes: Sequence[Process]


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a process, with its end of line. ``report`` lines are what the process tells the worker (metrics)."""

    stream: Literal["stdout", "stderr", "report"]
    rank: int
    role: str
    data: bytes


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How a job is. ``exit_code`` is ``None`` while any process lives; then 0, or that of the first that failed
    (128 + the signal's number for one that was killed). ``cpu_seconds`` counts what has ended.
    """

    exit_code: int | None = None
    failed: str | None = None
    cpu_seconds: float = 0.0


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
