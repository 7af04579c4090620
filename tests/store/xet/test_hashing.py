from __future__ import annotations

import hashlib
from pathlib import Path

import hf_xet
import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.store.xet import hashing
from commonground.store.xet.chunking import split
from tests.store.xet.oracle import LocalStore

hashes = st.binary(min_size=32, max_size=32)


def plain_root(nodes: list[tuple[bytes, int]]) -> bytes:
    """The specification, word by word and without care for speed."""
    while len(nodes) > 1:
        parents, group = [], list[tuple[bytes, int]]()
        for i, (h, size) in enumerate(nodes):
            group.append((h, size))
            natural = len(group) >= 3 and int.from_bytes(h[24:], "little") % 4 == 0
            if natural or len(group) == 9 or i == len(nodes) - 1:
                text = "".join(f"{hashing.to_hex(h)} : {size}\n" for h, size in group)
                parents.append(
                    (blake3(text.encode(), key=hashing.INTERNAL_NODE_KEY).digest(), sum(s for _, s in group))
                )
                group = []
        nodes = parents
    return nodes[0][0] if nodes else bytes(32)


def test_text_form_prints_little_endian_words() -> None:
    h = bytes(range(32))
    assert hashing.to_hex(h) == "07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918"


@settings(deadline=None)
@given(hashes)
def test_text_form_round_trips(h: bytes) -> None:
    assert hashing.from_hex(hashing.to_hex(h)) == h
    assert hashing.swap_words(hashing.swap_words(h)) == h


@pytest.mark.parametrize(
    "text", ["", "00" * 31, "00" * 33, "AB" * 32, "0x" + "0" * 62, " " * 64, "_" * 64, "é" * 64, "٠" * 64]
)
def test_text_form_is_strict(text: str) -> None:
    with pytest.raises(ValueError, match="64 lowercase hex"):
        hashing.from_hex(text)


@settings(deadline=None)
@given(st.lists(st.tuples(hashes, st.integers(1, 131072)), max_size=60))
def test_merkle_root_follows_the_specification(nodes: list[tuple[bytes, int]]) -> None:
    assert hashing.merkle_root(nodes) == plain_root(nodes)


@settings(deadline=None)
@given(st.integers(2, 300), st.sampled_from([b"\0" * 32, b"\1" * 32, b"\xff" * 32]))
def test_merkle_root_of_equal_hashes(count: int, h: bytes) -> None:
    assert hashing.merkle_root([(h, 1)] * count) == plain_root([(h, 1)] * count)


def test_a_tree_of_one_is_its_leaf_and_of_none_is_zero() -> None:
    assert hashing.xorb_hash([(b"a" * 32, 3)]) == b"a" * 32
    assert hashing.merkle_root([]) == hashing.file_hash([]) == hashing.EMPTY_FILE_HASH == bytes(32)


def test_file_and_xorb_hashes_equal_the_reference(reference: LocalStore) -> None:
    for name, data in reference.files.items():
        chunks = [(hashing.chunk_hash(chunk), len(chunk)) for chunk in split(data)]
        assert hashing.file_hash(chunks) == reference.hashes[name], name
    for h, xorb in reference.xorbs.items():
        assert hashing.xorb_hash([(chunk.hash, chunk.length) for chunk in xorb.chunks]) == h


def test_file_hashes_equal_hash_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    paths = [tmp_path / str(i) for i in range(12)]
    for path in paths:
        path.write_bytes(rng.bytes(int(rng.integers(0, 3_000_000))))
    found = [hashing.from_hex(info.hash) for info in hf_xet.hash_files([str(path) for path in paths])]
    for path, expected in zip(paths, found, strict=True):
        chunks = [(hashing.chunk_hash(chunk), len(chunk)) for chunk in split(path.read_bytes())]
        assert hashing.file_hash(chunks) == expected


def test_verification_hashes_equal_the_reference(reference: LocalStore) -> None:
    for file in reference.shard.files:
        expected = [
            hashing.verification_hash([c.hash for c in reference.xorbs[term.xorb_hash].chunks[term.start : term.end]])
            for term in file.terms
        ]
        assert file.verification == expected


def test_sha256_in_shards_is_word_swapped(reference: LocalStore) -> None:
    digests = {reference.hashes[name]: hashlib.sha256(data).digest() for name, data in reference.files.items()}
    assert {file.hash: file.sha256 for file in reference.shard.files} == digests
