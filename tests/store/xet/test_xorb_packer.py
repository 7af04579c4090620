from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.store.xet.errors import FormatError
from commonground.store.xet.hashing import chunk_hash
from commonground.store.xet.xorb import iter_chunks, parse_xorb
from commonground.store.xet.xorb_packer import XorbPacker, pack_xorb


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=400), min_size=1, max_size=12))
def test_what_is_packed_parses_to_the_same(chunks: list[bytes]) -> None:
    data, xorb = pack_xorb(chunks)
    assert parse_xorb(data, xorb.hash) == xorb
    assert list(iter_chunks(data)) == chunks


def test_positions_and_sizes_are_told() -> None:
    packer = XorbPacker()
    assert [packer.add(b"abc"), packer.add(b"def", chunk_hash(b"def"))] == [0, 1]
    assert (len(packer), packer.packed_length) == (2, 22)
    assert packer.finish() == pack_xorb([b"abc", b"def"])


def test_a_packer_serves_one_xorb_after_another() -> None:
    packer = XorbPacker()
    for chunk in (b"first", b"second"):
        packer.add(chunk)
        assert packer.finish() == pack_xorb([chunk])
    assert len(packer) == 0


def test_the_number_of_chunks_is_limited() -> None:
    packer = XorbPacker()
    for _ in range(8192):
        packer.add(b"a", bytes(32))
    assert not packer.fits(1)
    with pytest.raises(FormatError, match="does not fit"):
        packer.add(b"a")


def test_the_content_is_limited() -> None:
    packer, block, known = XorbPacker(), np.random.default_rng(0).bytes(131072), bytes(32)
    while packer.fits(len(block)):
        packer.add(block, known)
    assert len(packer) == 512
    assert not packer.fits(1)


@pytest.mark.parametrize("length", [0, 131073])
def test_impossible_chunks_are_refused(length: int) -> None:
    with pytest.raises(FormatError, match="does not fit"):
        pack_xorb([bytes(length)])


def test_an_empty_xorb_is_refused() -> None:
    with pytest.raises(FormatError, match="no chunk"):
        pack_xorb([])
