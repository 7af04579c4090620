"""Planning reads: which chunks and which bytes of which xorbs make up a range of a file.

Specification: docs/xet/file-reconstruction.md and docs/xet/download-protocol.md. The two answers differ only in how
they group ranges under URLs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from commonground.store.xet.errors import FormatError
from commonground.store.xet.hashing import to_hex
from commonground.store.xet.shard import Term
from commonground.store.xet.xorb_index import XorbIndex

# A client sends all ranges of a URL in one Range header: keep that below the 8 KiB servers commonly take.
_RANGES_PER_URL: Final = 256


class RangeNotSatisfiableError(ValueError):
    """The range starts at or after the end of the file (HTTP 416; clients find the end of a file by it)."""


class FetchRange(msgspec.Struct, frozen=True, gc=False):
    """Chunks [chunk_start, chunk_end) of a xorb and the bytes [byte_start, byte_end) that hold them."""

    chunk_start: int
    chunk_end: int
    byte_start: int
    byte_end: int


class Reconstruction(msgspec.Struct, frozen=True):
    """A plan: unpack the chunks of `terms` in order, drop the first `offset` bytes, stop after `length`.

    `fetches` names per xorb what to read: ascending ranges that neither touch nor overlap and cover all its terms.
    """

    offset: int
    length: int
    terms: tuple[Term, ...]
    fetches: dict[bytes, tuple[FetchRange, ...]]


UrlFor = Callable[[bytes, Sequence[FetchRange]], str]
"""Gives the URL at which these ranges of the xorb with this raw hash may be read."""


class IndexRange(msgspec.Struct, frozen=True, gc=False):
    """A range of the wire; chunk ranges exclude their end, byte ranges include it."""

    start: int
    end: int


class TermAnswer(msgspec.Struct, frozen=True):
    """A term on the wire."""

    hash: str
    unpacked_length: int
    range: IndexRange


class FetchAnswer(msgspec.Struct, frozen=True):
    """Version 1: one URL for one run of chunks (`range`) in the bytes `url_range`."""

    range: IndexRange
    url: str
    url_range: IndexRange


class RangeAnswer(msgspec.Struct, frozen=True):
    """Version 2: one run of chunks and its bytes."""

    chunks: IndexRange
    bytes: IndexRange


class MultiFetchAnswer(msgspec.Struct, frozen=True):
    """Version 2: one URL for several runs of chunks of a xorb."""

    url: str
    ranges: list[RangeAnswer]


class ReconstructionV1(msgspec.Struct, frozen=True):
    """Body of `GET /v1/reconstructions/{file}`."""

    offset_into_first_range: int
    terms: list[TermAnswer]
    fetch_info: dict[str, list[FetchAnswer]]


class ReconstructionV2(msgspec.Struct, frozen=True):
    """Body of `GET /v2/reconstructions/{file}`."""

    offset_into_first_range: int
    terms: list[TermAnswer]
    xorbs: dict[str, list[MultiFetchAnswer]]


def plan(
    terms: Iterable[Term], indexes: Mapping[bytes, XorbIndex], start: int = 0, end: int | None = None
) -> Reconstruction:
    """Plan the bytes [start, end) of a file; `end` is None or beyond the end for all the rest.

    `indexes` has the xorb of every term the range touches. RangeNotSatisfiableError when the range is empty or
    begins at or after the end, FormatError when a term disagrees with its xorb. The empty file read from 0
    without an `end` is an empty plan.
    """
    terms = list(terms)
    size = sum(term.length for term in terms)
    stop = size if end is None else min(end, size)
    if start >= stop and (start or size or end is not None):
        raise RangeNotSatisfiableError(f"the file has {size} bytes, the range is {start} to {stop}")
    pieces: list[Term] = []
    lower = offset = 0
    for term in terms:
        upper = lower + term.length
        if upper > start and lower < stop:
            skip = max(start - lower, 0)
            piece, dropped = _trim(term, indexes[term.xorb_hash], skip, min(stop, upper) - lower)
            offset += skip - dropped
            pieces.append(piece)
        lower = upper
    return Reconstruction(offset, stop - start, tuple(pieces), fetch_ranges(pieces, indexes))


def fetch_ranges(terms: Iterable[Term], indexes: Mapping[bytes, XorbIndex]) -> dict[bytes, tuple[FetchRange, ...]]:
    """What to read of each xorb for these terms; overlapping and adjacent runs are one."""
    runs: dict[bytes, list[tuple[int, int]]] = {}
    for term in terms:
        runs.setdefault(term.xorb_hash, []).append((term.start, term.end))
    return {
        xorb: tuple(FetchRange(*run, *indexes[xorb].packed_range(*run)) for run in _merge(found))
        for xorb, found in runs.items()
    }


def answer_v1(plan: Reconstruction, url_for: UrlFor) -> ReconstructionV1:
    """The version 1 body: a URL for every range."""
    fetch_info = {
        to_hex(xorb): [FetchAnswer(_chunks(r), url_for(xorb, (r,)), _bytes(r)) for r in ranges]
        for xorb, ranges in plan.fetches.items()
    }
    return ReconstructionV1(plan.offset, _terms(plan), fetch_info)


def answer_v2(plan: Reconstruction, url_for: UrlFor) -> ReconstructionV2:
    """The version 2 body: one URL for all ranges of a xorb, several where a Range header would grow too long."""
    xorbs = {
        to_hex(xorb): [_multi_fetch(xorb, ranges[at : at + _RANGES_PER_URL], url_for) for at in _steps(ranges)]
        for xorb, ranges in plan.fetches.items()
    }
    return ReconstructionV2(plan.offset, _terms(plan), xorbs)


def _steps(ranges: Sequence[FetchRange]) -> range:
    return range(0, len(ranges), _RANGES_PER_URL)


def _multi_fetch(xorb: bytes, ranges: Sequence[FetchRange], url_for: UrlFor) -> MultiFetchAnswer:
    return MultiFetchAnswer(url_for(xorb, ranges), [RangeAnswer(_chunks(r), _bytes(r)) for r in ranges])


def _trim(term: Term, index: XorbIndex, start: int, stop: int) -> tuple[Term, int]:
    """The chunks of `term` that hold its bytes [start, stop), and how many bytes were dropped before them."""
    if index.unpacked_length(term.start, term.end) != term.length:
        raise FormatError(f"a term of xorb {to_hex(term.xorb_hash)} has another length than its chunks")
    offsets = index.unpacked_offsets
    base = int(offsets[term.start])
    first = int(np.searchsorted(offsets, base + start, side="right")) - 1
    last = int(np.searchsorted(offsets, base + stop, side="left"))
    return Term(term.xorb_hash, first, last, index.unpacked_length(first, last)), int(offsets[first]) - base


def _merge(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(runs):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _terms(plan: Reconstruction) -> list[TermAnswer]:
    return [TermAnswer(to_hex(t.xorb_hash), t.length, IndexRange(t.start, t.end)) for t in plan.terms]


def _chunks(r: FetchRange) -> IndexRange:
    return IndexRange(r.chunk_start, r.chunk_end)


def _bytes(r: FetchRange) -> IndexRange:
    return IndexRange(r.byte_start, r.byte_end - 1)
