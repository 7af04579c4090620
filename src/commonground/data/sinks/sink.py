"""What a sink is: tasks write parts where they run, and all parts are put in place at once."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
import pyarrow as pa


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A file a task wrote, relative to the folder of its sink."""

    path: str
    rows: int
    size: int
    sha256: str


class Sink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A class whose instances are its options."""

    version: ClassVar[int] = 1

    def check(self, incoming: pa.Schema) -> None:
        """:class:`~commonground.errors.InvalidFlow` if it cannot take these columns."""

    def write(self, batches: Iterator[pa.RecordBatch], folder: Path, stem: str) -> list[Part]:
        """Write what one task gives into new files of ``folder`` whose names begin with ``stem``; the same bytes for the same batches."""
        raise NotImplementedError

    def finish(self, folder: Path, parts: Sequence[Part]) -> None:
        """All parts are there, in the order of tasks: put them in place, all or nothing. Runs once, where the flow was started."""
        raise NotImplementedError
