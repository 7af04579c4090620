from __future__ import annotations

import itertools
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.store.xet.errors import FormatError
from commonground.store.xet.hashing import to_hex
from commonground.store.xet.reconstruction import (
    FetchRange,
    RangeNotSatisfiableError,
    Reconstruction,
    answer_v1,
    answer_v2,
    fetch_ranges,
    plan,
)
from commonground.store.xet.shard import Term
from commonground.store.xet.xorb import unpack_chunks
from commonground.store.xet.xorb_index import XorbIndex
from commonground.store.xet.xorb_packer import pack_xorb
from tests.store.xet.oracle import LocalStore

CONTENT = [[bytes((10 * x + i,)) * (i + 1) for i in range(9)] for x in range(3)]
XORBS = {xorb.hash: (data, xorb.index()) for data, xorb in map(pack_xorb, CONTENT)}
INDEXES = {h: index for h, (_, index) in XORBS.items()}
HASHES = list(XORBS)


def term(xorb: int, start: int, end: int) -> Term:
    return Term(HASHES[xorb], start, end, INDEXES[HASHES[xorb]].unpacked_length(start, end))


def read(found: Reconstruction, data: dict[bytes, bytes], indexes: dict[bytes, XorbIndex]) -> bytes:
    """Follow a plan as a client does: fetch the ranges, unpack them, take the terms out of them."""
    held = {}
    for xorb, ranges in found.fetches.items():
        for r in ranges:
            lengths = indexes[xorb].lengths[r.chunk_start : r.chunk_end].tolist()
            chunks = unpack_chunks(data[xorb][r.byte_start : r.byte_end], lengths)
            held.update({(xorb, r.chunk_start + i): chunk for i, chunk in enumerate(chunks)})
    out = b"".join(held[t.xorb_hash, i] for t in found.terms for i in range(t.start, t.end))
    assert len(out) == sum(t.length for t in found.terms)
    return out[found.offset : found.offset + found.length]


def url_for(xorb: bytes, ranges: Sequence[FetchRange]) -> str:
    return f"http://cas/{to_hex(xorb)[:4]}/" + ",".join(f"{r.byte_start}-{r.byte_end}" for r in ranges)


terms = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 8), st.integers(1, 9)).map(
        lambda t: term(t[0], t[1], min(t[1] + t[2], 9))
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=300, deadline=None)
@given(terms, st.data())
def test_a_plan_yields_exactly_the_range(file: list[Term], draw: st.DataObject) -> None:
    content = {h: XORBS[h][0] for h in HASHES}
    whole = b"".join(b"".join(CONTENT[HASHES.index(t.xorb_hash)][t.start : t.end]) for t in file)
    assert read(plan(file, INDEXES), content, INDEXES) == whole
    start = draw.draw(st.integers(0, len(whole) - 1))
    end = draw.draw(st.integers(start + 1, len(whole) + 5))
    found = plan(file, INDEXES, start, end)
    assert read(found, content, INDEXES) == whole[start:end]
    first, last = found.terms[0], found.terms[-1]
    assert found.offset < INDEXES[first.xorb_hash].unpacked_length(first.start, first.start + 1)
    tail = sum(t.length for t in found.terms) - found.offset - found.length
    assert tail < INDEXES[last.xorb_hash].unpacked_length(last.end - 1, last.end)


@settings(max_examples=100, deadline=None)
@given(terms)
def test_fetches_are_ascending_apart_and_cover_the_terms(file: list[Term]) -> None:
    for xorb, ranges in fetch_ranges(file, INDEXES).items():
        assert all(a.chunk_end < b.chunk_start for a, b in itertools.pairwise(ranges))
        for t in file:
            if t.xorb_hash == xorb:
                assert any(r.chunk_start <= t.start and t.end <= r.chunk_end for r in ranges)


def test_real_files_are_rebuilt(reference: LocalStore) -> None:
    indexes = {h: xorb.index() for h, xorb in reference.xorbs.items()}
    files = {file.hash: file for file in reference.shard.files}
    for name, data in reference.files.items():
        file = files[reference.hashes[name]]
        found = plan(file.terms, indexes)
        assert read(found, dict(reference.xorb_bytes), indexes) == data
        for start, end in ((0, 1), (len(data) // 2, len(data) // 2 + 100_000), (len(data) - 1, len(data))):
            if 0 <= start < len(data):
                assert (
                    read(plan(file.terms, indexes, start, end), dict(reference.xorb_bytes), indexes) == data[start:end]
                )


@pytest.mark.parametrize(("start", "end"), [(1000, None), (15, 20), (16, None), (3, 3), (5, 2)])
def test_ranges_outside_the_file_are_not_satisfiable(start: int, end: int | None) -> None:
    with pytest.raises(RangeNotSatisfiableError):
        plan([term(0, 0, 5)], INDEXES, start, end)


def test_the_empty_file() -> None:
    assert plan([], {}) == Reconstruction(0, 0, (), {})
    for start, end in ((0, 1), (1, None)):
        with pytest.raises(RangeNotSatisfiableError):
            plan([], {}, start, end)


def test_a_term_that_disagrees_with_its_xorb_is_refused() -> None:
    with pytest.raises(FormatError, match="another length"):
        plan([Term(HASHES[0], 0, 2, 4)], INDEXES)
    with pytest.raises(FormatError, match="not in a xorb"):
        plan([Term(HASHES[0], 8, 10, 4)], INDEXES)


def test_answers_have_the_shape_of_the_protocol() -> None:
    found = plan([term(0, 1, 4), term(0, 6, 8), term(0, 3, 5)], INDEXES, 3)
    name, index = to_hex(HASHES[0]), INDEXES[HASHES[0]]
    (a, b), (c, d) = index.packed_range(2, 5), index.packed_range(6, 8)
    wire_terms = [
        {"hash": name, "unpacked_length": 7, "range": {"start": 2, "end": 4}},
        {"hash": name, "unpacked_length": 15, "range": {"start": 6, "end": 8}},
        {"hash": name, "unpacked_length": 9, "range": {"start": 3, "end": 5}},
    ]
    one, two = f"http://cas/{name[:4]}/{a}-{b}", f"http://cas/{name[:4]}/{c}-{d}"
    assert msgspec.to_builtins(answer_v1(found, url_for)) == {
        "offset_into_first_range": 1,
        "terms": wire_terms,
        "fetch_info": {
            name: [
                {"range": {"start": 2, "end": 5}, "url": one, "url_range": {"start": a, "end": b - 1}},
                {"range": {"start": 6, "end": 8}, "url": two, "url_range": {"start": c, "end": d - 1}},
            ]
        },
    }
    assert msgspec.to_builtins(answer_v2(found, url_for)) == {
        "offset_into_first_range": 1,
        "terms": wire_terms,
        "xorbs": {
            name: [
                {
                    "url": f"{one},{c}-{d}",
                    "ranges": [
                        {"chunks": {"start": 2, "end": 5}, "bytes": {"start": a, "end": b - 1}},
                        {"chunks": {"start": 6, "end": 8}, "bytes": {"start": c, "end": d - 1}},
                    ],
                }
            ]
        },
    }


def test_many_ranges_are_spread_over_urls() -> None:
    data, xorb = pack_xorb([b"%d" % i for i in range(1201)])
    index = xorb.index()
    found = plan(
        [Term(xorb.hash, i, i + 1, index.unpacked_length(i, i + 1)) for i in range(0, 1201, 2)], {xorb.hash: index}
    )
    [fetches] = answer_v2(found, url_for).xorbs.values()
    assert [len(fetch.ranges) for fetch in fetches] == [256, 256, 89]
    assert read(found, {xorb.hash: data}, {xorb.hash: index}) == b"".join(b"%d" % i for i in range(0, 1201, 2))
