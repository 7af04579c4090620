from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.store.xet import limits
from commonground.store.xet.compression import Scheme, pack
from commonground.store.xet.errors import FormatError
from commonground.store.xet.hashing import chunk_hash, to_hex
from commonground.store.xet.xorb import ChunkHeader, XorbVerifier, iter_chunks, parse_xorb, unpack_chunks
from commonground.store.xet.xorb_footer import build_footer, footer_length
from commonground.store.xet.xorb_packer import pack_xorb
from tests.store.xet.oracle import LocalStore, write_local

RNG = np.random.default_rng(21)
CHUNKS = [RNG.bytes(300), b"text of a chunk, " * 30, RNG.standard_normal(200, dtype=np.float32).tobytes(), b"z"]
PACKED, XORB = pack_xorb(CHUNKS)
WITH_FOOTER = PACKED + build_footer(XORB.hash, XORB.index())


def chain(*chunks: tuple[int, bytes, int]) -> bytes:
    return b"".join(ChunkHeader(len(data), scheme, length).encode() + data for scheme, data, length in chunks)


def test_reference_xorbs_parse_with_and_without_footer(reference: LocalStore) -> None:
    for h, data in reference.xorb_bytes.items():
        xorb = reference.xorbs[h]
        assert xorb.hash == h
        assert len(data) == xorb.packed_length + footer_length(len(xorb.chunks))
        assert parse_xorb(memoryview(data)[: xorb.packed_length], h) == xorb


def test_the_footer_we_build_is_the_reference_footer(reference: LocalStore) -> None:
    for h, data in reference.xorb_bytes.items():
        ours = build_footer(h, reference.xorbs[h].index())
        theirs = data[reference.xorbs[h].packed_length :]
        assert (ours[:-20], ours[-4:]) == (theirs[:-20], theirs[-4:])


def test_chunks_are_described(reference: LocalStore) -> None:
    for h, data in reference.xorb_bytes.items():
        end = 0
        for chunk, content in zip(
            reference.xorbs[h].chunks, iter_chunks(data[: reference.xorbs[h].packed_length]), strict=True
        ):
            assert (chunk.packed_offset, chunk.length, chunk.hash) == (end, len(content), chunk_hash(content))
            end += chunk.packed_length
        assert reference.xorbs[h].packed_length == end
        assert reference.xorbs[h].length == sum(chunk.length for chunk in reference.xorbs[h].chunks)


def test_clients_exceed_the_written_limit_by_their_headers(tmp_path: Path) -> None:
    files = {str(i): RNG.bytes(16384) for i in range(4200)}
    largest = max(write_local(tmp_path, files).xorbs.values(), key=lambda xorb: xorb.length)
    assert largest.length == limits.MAX_XORB_CONTENT
    assert largest.packed_length > 64 << 20


@pytest.mark.parametrize("data", [PACKED, WITH_FOOTER])
def test_each_flipped_byte_is_refused(data: bytes) -> None:
    nonce = range(len(data) - 20, len(data) - 4) if data is WITH_FOOTER else range(0)
    for at in range(len(data)):
        for bit in (1, 16, 128):
            bad = data[:at] + bytes((data[at] ^ bit,)) + data[at + 1 :]
            if at in nonce:
                assert parse_xorb(bad, XORB.hash) == XORB
            else:
                _assert_refused_or_same_content(bad)


def _assert_refused_or_same_content(bad: bytes) -> None:
    """LZ4 can say the same bytes in several ways; the hash covers content, so such a twin is the same xorb."""
    try:
        twin = parse_xorb(bad, XORB.hash)
    except FormatError:
        return
    assert list(iter_chunks(bad[: twin.packed_length])) == CHUNKS
    assert any(chunk.scheme != Scheme.RAW for chunk in twin.chunks)


def test_each_flipped_byte_of_raw_chunks_is_refused() -> None:
    data, xorb = pack_xorb([RNG.bytes(200), RNG.bytes(90)])
    for at in range(len(data)):
        bad = data[:at] + bytes((data[at] ^ 0x40,)) + data[at + 1 :]
        with pytest.raises(FormatError):
            parse_xorb(bad, xorb.hash)


@pytest.mark.parametrize("data", [PACKED, WITH_FOOTER])
def test_each_truncation_is_refused(data: bytes) -> None:
    for end in range(len(data)):
        if data[:end] != PACKED:
            with pytest.raises(FormatError):
                parse_xorb(data[:end], XORB.hash)


@settings(deadline=None)
@given(st.binary(max_size=60), st.integers(0, len(PACKED)), st.integers(0, 60))
def test_random_damage_raises_format_error_only(junk: bytes, at: int, removed: int) -> None:
    bad = PACKED[:at] + junk + PACKED[at + removed :]
    try:
        xorb = parse_xorb(bad, XORB.hash)
    except FormatError:
        return
    assert list(iter_chunks(bad[: xorb.packed_length])) == CHUNKS


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_junk_raises_format_error_only(junk: bytes) -> None:
    with pytest.raises(FormatError):
        parse_xorb(junk, XORB.hash)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 700), max_size=10), st.booleans())
def test_verification_does_not_depend_on_how_bytes_arrive(pieces: list[int], footer: bool) -> None:
    data, at, verifier = WITH_FOOTER if footer else PACKED, 0, XorbVerifier()
    for piece in pieces:
        verifier.feed(memoryview(data)[at : at + piece])
        at += piece
    verifier.feed(data[at:])
    assert verifier.finish(XORB.hash) == XORB


def test_a_wrong_name_is_refused() -> None:
    with pytest.raises(FormatError, match=to_hex(XORB.hash)):
        parse_xorb(PACKED, bytes(32))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no chunk"),
        (build_footer(XORB.hash, XORB.index()), "no chunk"),
        (PACKED + b"\0", "ends inside"),
        (PACKED + b"\1" + bytes(7), "version 1"),
        (chain((3, b"abc", 3)), "unknown compression scheme 3"),
        (chain((0, b"abc", 4)), "raw chunk"),
        (chain((0, b"", 0)), "outside the limits"),
        (chain((1, b"abc", 0)), "outside the limits"),
        (chain((1, b"", 3)), "outside the limits"),
        (chain((0, bytes(131073), 131073)), "outside the limits"),
        (chain((1, bytes(262145), 5)), "outside the limits"),
        (chain((1, pack(Scheme.LZ4, b"abc")[:4] + bytes(9), 3)), "damaged"),
        (chain((1, pack(Scheme.LZ4, bytes(1000)), 999)), "exactly"),
        (WITH_FOOTER + b"\0", "footer"),
        (PACKED + b"XETBLOB\0" + bytes(80), "footer"),
    ],
)
def test_bad_xorbs_are_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        parse_xorb(data)


def test_limits() -> None:
    one = chain((0, b"a", 1))
    assert len(parse_xorb(one * limits.MAX_XORB_CHUNKS).chunks) == limits.MAX_XORB_CHUNKS
    with pytest.raises(FormatError, match="more than 8192 chunks"):
        parse_xorb(one * (limits.MAX_XORB_CHUNKS + 1))
    with pytest.raises(FormatError, match="larger than"):
        parse_xorb(bytes(limits.MAX_XORB_UPLOAD + 1))
    block = chain((0, bytes(131072), 131072))
    with pytest.raises(FormatError, match="chunks of the xorb are larger"):
        parse_xorb(block * (limits.MAX_XORB_LENGTH // len(block) + 1))


def test_a_run_of_chunks_unpacks() -> None:
    index = XORB.index()
    start, end = index.packed_range(1, 3)
    lengths, hashes = index.lengths[1:3].tolist(), index.chunk_hashes(1, 3)
    assert unpack_chunks(memoryview(PACKED)[start:end], lengths) == CHUNKS[1:3]
    assert unpack_chunks(PACKED[start:end], lengths, hashes) == CHUNKS[1:3]


def test_a_run_that_is_not_what_the_index_says_is_refused() -> None:
    index = XORB.index()
    lengths = index.lengths.tolist()
    with pytest.raises(FormatError, match="chunks of the index"):
        unpack_chunks(PACKED, lengths[:-1])
    with pytest.raises(FormatError, match="other content"):
        unpack_chunks(PACKED, lengths, [bytes(32)] * 4)
    with pytest.raises(FormatError, match="inside a header"):
        unpack_chunks(PACKED[:-2], lengths)
    with pytest.raises(FormatError, match="inside a chunk"):
        unpack_chunks(PACKED + PACKED[:9], lengths)
    assert unpack_chunks(b"", []) == []
