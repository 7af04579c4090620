"""What a source is: splits that are listed where a flow starts and read where it runs."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import msgspec
import pyarrow as pa


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a source that one task reads. ``identity`` changes when the bytes do: a hash, or size and time."""

    path: str
    start: int = 0
    stop: int = -1
    """a range in the source's own unit: bytes, row groups, members; -1 is the end"""
    size: int = 0
    """bytes, roughly: what work is balanced by"""
    identity: str = ""
    options: dict[str, Any] = {}


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A record that could not be read. ``offset`` is where it begins, in the unit that ``path`` has: bytes, lines, members."""

    path: str
    offset: int
    reason: str
    excerpt: str = ""
    """at most 200 characters of it"""


Report = Callable[[Broken], None]
SPLIT_BYTES = 64 * 2**20
"""How large splits are made where a source can choose."""
BATCH_BYTES = 16 * 2**20
"""How large batches are, at most about; a longer row is a batch of its own."""
ROW_BYTES = 256 * 2**20
"""A longer record is broken."""


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A class whose instances are its options."""

    version: ClassVar[int] = 1
    unbounded: ClassVar[bool] = False
    """Whether :meth:`splits` finds more each time it is called."""

    def splits(self) -> Sequence[Split]:
        """Its parts, always in the same order; :class:`~commonground.errors.SourceFailed`."""
        raise NotImplementedError

    def schema(self) -> pa.Schema:
        """The columns it gives."""
        raise NotImplementedError

    def read(self, split: Split, report: Report) -> Iterator[pa.RecordBatch]:
        """Batches of at most about :data:`BATCH_BYTES`, in the same order every time; what cannot be read is reported and left out.

        Raises only if nothing of the split can be read because it is not there (:class:`~commonground.errors.SourceFailed`).
        """
        raise NotImplementedError
