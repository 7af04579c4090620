from __future__ import annotations

import itertools
import tracemalloc
from pathlib import Path

import hf_xet
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.store.xet import hashing
from commonground.store.xet.chunking import MAX_CHUNK, MIN_CHUNK, Chunker, split
from commonground.store.xet.gear import TABLE
from tests.store.xet.oracle import LocalStore

WORD = (1 << 64) - 1


def plain_lengths(data: bytes) -> list[int]:
    """The pseudocode of the specification."""
    table, lengths, h, start = TABLE.tolist(), [], 0, 0
    for i, byte in enumerate(data):
        h = ((h << 1) + table[byte]) & WORD
        size = i + 1 - start
        if size >= MIN_CHUNK and (size >= MAX_CHUNK or not h >> 48):
            lengths.append(size)
            start, h = i + 1, 0
    return [*lengths, len(data) - start] if start < len(data) else lengths


def dense_period() -> bytes:
    """Three bytes whose endless repetition hits a boundary at one position in three."""
    a = np.arange(4, dtype=np.uint64)[:, None, None]
    g = TABLE
    total = (g[a] << np.uint64(2)) + (g[None, :, None] << np.uint64(1)) + g[None, None, :]
    settled = np.uint64(0) - total * np.uint64(pow(7, -1, 1 << 64))
    i, j, k = np.argwhere(settled < np.uint64(1 << 48))[0].tolist()
    return bytes((i, j, k))


def fed(data: bytes, pieces: list[int]) -> list[bytes]:
    chunker, at, chunks = Chunker(), 0, list[bytes]()
    for piece in pieces:
        chunks += chunker.feed(memoryview(data)[at : at + piece])
        at += piece
    chunks += chunker.feed(data[at:])
    return [*chunks, *chunker.finish()]


def test_chunks_equal_the_reference(reference: LocalStore) -> None:
    for name, data in reference.files.items():
        assert [(hashing.chunk_hash(chunk), len(chunk)) for chunk in split(data)] == reference.chunks(name), name


@pytest.mark.parametrize("size", [0, 1, 62, 63, 64, 8191, 8192, 8193, 131071, 131072, 131073, 400_000])
def test_lengths_follow_the_pseudocode(size: int) -> None:
    data = np.random.default_rng(size).bytes(size)
    assert [len(chunk) for chunk in split(data)] == plain_lengths(data)


def test_dense_boundaries_cut_at_the_minimum(tmp_path: Path) -> None:
    data = (np.random.default_rng(0).bytes(1000) + dense_period() * 100_000)[:250_000]
    lengths = [len(chunk) for chunk in split(data)]
    assert lengths == plain_lengths(data)
    assert max(lengths) < MIN_CHUNK + 3
    (tmp_path / "f").write_bytes(data)
    [info] = hf_xet.hash_files([str(tmp_path / "f")])
    nodes = [(hashing.chunk_hash(chunk), len(chunk)) for chunk in split(data)]
    assert hashing.to_hex(hashing.file_hash(nodes)) == info.hash


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.integers(0, 130), st.integers(0, 300_000)), max_size=12), st.booleans())
def test_chunks_do_not_depend_on_how_the_stream_is_fed(pieces: list[int], dense: bool) -> None:
    data = dense_period() * 30_000 if dense else np.random.default_rng(7).bytes(900_000)
    assert fed(data, pieces) == list(split(data))


def test_bytes_fed_one_by_one() -> None:
    data = np.random.default_rng(8).bytes(20_000)
    assert fed(data, [1] * 20_000) == list(split(data))


def test_any_buffer_can_be_fed() -> None:
    data = np.random.default_rng(9).bytes(40_000)
    assert list(split(bytearray(data))) == list(split(memoryview(data).cast("I"))) == list(split(data))


def test_a_chunker_serves_one_stream_after_another() -> None:
    data, chunker = np.random.default_rng(10).bytes(500_000), Chunker()
    for _ in range(2):
        assert [*chunker.feed(data), *chunker.finish()] == list(split(data))


def test_unfinished_iterators_are_refused() -> None:
    chunker = Chunker()
    next(chunker.feed(bytes(1 << 20)))
    with pytest.raises(RuntimeError, match="exhaust"):
        chunker.feed(b"")


def test_memory_is_bounded() -> None:
    data = bytes(48 << 20)
    tracemalloc.start()
    try:
        count = sum(1 for _ in split(data))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == (48 << 20) // MAX_CHUNK
    assert peak < 4 << 20


def test_dense_boundaries_are_bounded_too() -> None:
    data = dense_period() * (2 << 20)
    tracemalloc.start()
    try:
        lengths = [len(chunk) for chunk in itertools.islice(split(data), 200)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert max(lengths) < MIN_CHUNK + 3
    assert peak < 12 << 20
