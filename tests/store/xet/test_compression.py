from __future__ import annotations

import lz4.frame
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.store.xet import compression
from commonground.store.xet.compression import Scheme, compress, decompress, pack
from commonground.store.xet.errors import FormatError
from tests.store.xet.oracle import LocalStore

RNG = np.random.default_rng(11)
SAMPLES = {
    "random": RNG.bytes(100_000),
    "zeros": bytes(131_072),
    "text": b"a line of quite ordinary text\n" * 3000,
    "float32": RNG.standard_normal(30_000, dtype=np.float32).tobytes(),
    "tiny": b"abc",
    "random, then zeros": RNG.bytes(8192) + bytes(90_000),
}


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("name", SAMPLES)
def test_every_scheme_round_trips(scheme: Scheme, name: str) -> None:
    data = SAMPLES[name]
    assert decompress(scheme, pack(scheme, data), len(data)) == data


@settings(deadline=None)
@given(st.sampled_from(Scheme), st.binary(min_size=1, max_size=300))
def test_any_bytes_round_trip(scheme: Scheme, data: bytes) -> None:
    assert decompress(scheme, memoryview(pack(scheme, data)), len(data)) == data
    chosen, packed = compress(data)
    assert len(packed) <= len(data)
    assert decompress(chosen, packed, len(data)) == data


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("random", Scheme.RAW),
        ("zeros", Scheme.LZ4),
        ("text", Scheme.LZ4),
        ("float32", Scheme.GROUPED_LZ4),
        ("tiny", Scheme.RAW),
        ("random, then zeros", Scheme.LZ4),
    ],
)
def test_the_scheme_that_pays_is_chosen(name: str, scheme: Scheme) -> None:
    chosen, packed = compress(SAMPLES[name])
    assert chosen is scheme
    assert (packed is SAMPLES[name]) == (scheme is Scheme.RAW)


@settings(deadline=None)
@given(st.binary(max_size=70))
def test_grouping_follows_the_specification(data: bytes) -> None:
    assert compression.group_bytes(data) == data[0::4] + data[1::4] + data[2::4] + data[3::4]
    assert compression.ungroup_bytes(compression.group_bytes(data)) == data


def test_real_chunks_of_every_scheme_unpack(reference: LocalStore) -> None:
    schemes = {chunk.scheme for xorb in reference.xorbs.values() for chunk in xorb.chunks}
    assert schemes == set(Scheme)


def test_real_files_pack_as_small_as_the_reference(reference: LocalStore) -> None:
    for xorb_hash, xorb in reference.xorbs.items():
        if all(chunk.scheme is Scheme.RAW for chunk in xorb.chunks):
            continue
        data = reference.xorb_bytes[xorb_hash]
        ours = 0
        for chunk in xorb.chunks:
            packed = data[chunk.packed_offset + 8 : chunk.packed_offset + chunk.packed_length]
            ours += len(compress(decompress(chunk.scheme, packed, chunk.length))[1])
        assert ours < 1.02 * (xorb.packed_length - 8 * len(xorb.chunks))


@pytest.mark.parametrize("scheme", [Scheme.LZ4, Scheme.GROUPED_LZ4])
def test_a_bomb_is_refused(scheme: Scheme) -> None:
    bomb = lz4.frame.compress(bytes(64 << 20))
    with pytest.raises(FormatError, match="exactly the 1000 bytes"):
        decompress(scheme, bomb, 1000)


def test_a_frame_that_lies_about_its_size_is_refused() -> None:
    frame = bytearray(lz4.frame.compress(b"abc" * 100, store_size=True))
    frame[6:14] = (1 << 60).to_bytes(8, "little")
    with pytest.raises(FormatError):
        decompress(Scheme.LZ4, bytes(frame), 300)


@pytest.mark.parametrize("length", [0, 299, 301, 131072])
@pytest.mark.parametrize("scheme", Scheme)
def test_a_wrong_length_is_refused(scheme: Scheme, length: int) -> None:
    with pytest.raises(FormatError):
        decompress(scheme, pack(scheme, b"abc" * 100), length)


@pytest.mark.parametrize("scheme", [3, 99, 255, -1])
def test_unknown_schemes_are_refused(scheme: int) -> None:
    with pytest.raises(FormatError, match="unknown compression scheme"):
        decompress(scheme, b"abc", 3)


@pytest.mark.parametrize("tail", [b"\0", b"abcd", lz4.frame.compress(b"more")])
def test_bytes_after_the_frame_are_refused(tail: bytes) -> None:
    with pytest.raises(FormatError):
        decompress(Scheme.LZ4, pack(Scheme.LZ4, b"abc" * 100) + tail, 300)


@settings(deadline=None)
@given(st.sampled_from([Scheme.LZ4, Scheme.GROUPED_LZ4]), st.data())
def test_damage_is_a_format_error_or_bytes_of_the_right_length(scheme: Scheme, draw: st.DataObject) -> None:
    frame = bytearray(pack(scheme, b"some text, some more text, " * 40))
    for _ in range(draw.draw(st.integers(1, 4))):
        frame[draw.draw(st.integers(0, len(frame) - 1))] = draw.draw(st.integers(0, 255))
    try:
        out = decompress(scheme, bytes(frame[: draw.draw(st.integers(0, len(frame)))]), 1080)
    except FormatError:
        return
    assert len(out) == 1080
