"""Files that processes write, as lines of their streams."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from commonground.compute.launchers.model import LINE_LIMIT, LogLine, Process

Stream = Literal["stdout", "stderr", "report"]
STREAMS: tuple[Stream, ...] = ("stdout", "stderr", "report")


class Tail:
    """One file: whole lines as they appear, in order; one that is longer than :data:`LINE_LIMIT` in parts."""

    def __init__(self, path: Path, stream: Stream, process: Process) -> None:
        self._path, self._stream, self._process = path, stream, process
        self._at, self._rest = 0, b""

    def read(self, *, last: bool = False) -> Iterator[LogLine]:
        """What has come, at most about :data:`LINE_LIMIT` bytes of it; ``last``: nothing follows."""
        data = self._more()
        *lines, rest = (self._rest + data).splitlines(keepends=True) or [b""]
        if rest.endswith(b"\n") or len(rest) >= LINE_LIMIT or (last and rest and len(data) < LINE_LIMIT):
            lines, rest = [*lines, rest], b""
        self._rest = rest
        return map(self.line, lines)

    def line(self, data: bytes) -> LogLine:
        """A line of this stream."""
        return LogLine(stream=self._stream, rank=self._process.rank, role=self._process.role, data=data)

    def _more(self) -> bytes:
        try:
            fd = os.open(self._path, os.O_RDONLY)
        except FileNotFoundError:  # nothing was started yet
            return b""
        try:
            data = os.pread(fd, LINE_LIMIT, self._at)
        finally:
            os.close(fd)
        self._at += len(data)
        return data


class Tails:
    """All streams of the processes of a job, whose files are in ``root/NUMBER``."""

    def __init__(self, root: Path, processes: list[Process]) -> None:
        self._tails = [
            Tail(root / str(number) / stream, stream, process)
            for number, process in enumerate(processes)
            for stream in STREAMS
        ]
        self._said: list[LogLine] = []

    def say(self, number: int, text: str) -> None:
        """Add a line to what process ``number`` writes to standard error."""
        tail = self._tails[number * len(STREAMS) + STREAMS.index("stderr")]
        self._said.append(tail.line(f"{text}\n".encode()))

    def read(self, *, last: bool = False) -> list[LogLine]:
        """What has come since; with ``last`` an empty answer means that all was read."""
        found = [line for tail in self._tails for line in tail.read(last=last)]
        said, self._said = self._said, []
        return found + said
