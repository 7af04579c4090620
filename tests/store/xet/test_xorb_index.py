from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.store.xet.errors import FormatError
from commonground.store.xet.hashing import verification_hash
from commonground.store.xet.xorb_index import XorbIndex
from tests.store.xet.oracle import LocalStore

INDEX = XorbIndex.of([bytes((i,)) * 32 for i in range(3)], [20, 50, 90], [12, 131072, 7])
ENCODED = INDEX.encode()


def test_reference_xorbs_round_trip(reference: LocalStore) -> None:
    for xorb in reference.xorbs.values():
        index = xorb.index()
        again = XorbIndex.decode(index.encode())
        assert again == index
        assert hash(again) == hash(index)
        assert len(index.encode()) == 8 + 40 * len(xorb.chunks)
        assert (index.packed_length, index.unpacked_length(0, len(index))) == (xorb.packed_length, xorb.length)
        assert index.chunk_hashes(0, len(index)) == [chunk.hash for chunk in xorb.chunks]


def test_ranges() -> None:
    assert INDEX.packed_range(0, 1) == (0, 20)
    assert INDEX.packed_range(1, 3) == (20, 90)
    assert INDEX.unpacked_length(1, 3) == 131079
    assert INDEX.unpacked_offsets.tolist() == [0, 12, 131084, 131091]
    assert INDEX.packed_ends.tolist() == [20, 50, 90]
    assert INDEX.chunk_hash(2) == b"\2" * 32
    assert INDEX.verification_hash(1, 3) == verification_hash(INDEX.chunk_hashes(1, 3))
    assert INDEX != "index"


@pytest.mark.parametrize(("start", "end"), [(0, 0), (2, 1), (0, 4), (3, 4), (-1, 1), (1 << 40, (1 << 40) + 1)])
def test_ranges_outside_the_xorb_are_refused(start: int, end: int) -> None:
    for ask in (INDEX.packed_range, INDEX.unpacked_length, INDEX.chunk_hashes, INDEX.verification_hash):
        with pytest.raises(FormatError, match="not in a xorb of 3 chunks"):
            ask(start, end)


@pytest.mark.parametrize(
    ("hashes", "ends", "lengths"),
    [
        ([], [], []),
        ([bytes(32)], [20], []),
        ([], [20], [1]),
        ([bytes(32)], [8], [1]),
        ([bytes(32)] * 2, [20, 20], [1, 1]),
        ([bytes(32)] * 2, [40, 20], [1, 1]),
        ([bytes(32)], [20], [0]),
        ([bytes(32)], [20], [131073]),
        ([bytes(32)], [1 << 27], [1]),
        ([bytes(32)] * 8193, list(range(9, 9 * 8194, 9)), [1] * 8193),
    ],
)
def test_impossible_columns_are_refused(hashes: list[bytes], ends: list[int], lengths: list[int]) -> None:
    with pytest.raises(FormatError):
        XorbIndex.of(hashes, ends, lengths)


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=200), st.integers(0, len(ENCODED)).map(lambda end: ENCODED[:end])))
def test_junk_is_refused(data: bytes) -> None:
    if data != ENCODED:
        with pytest.raises(FormatError):
            XorbIndex.decode(data)


@settings(deadline=None)
@given(st.integers(0, len(ENCODED) - 1), st.integers(0, 255))
def test_damage_is_refused_or_stays_within_the_limits(at: int, value: int) -> None:
    try:
        index = XorbIndex.decode(ENCODED[:at] + bytes((value,)) + ENCODED[at + 1 :])
    except FormatError:
        return
    assert index.unpacked_length(0, 3) <= 3 * 131072
