"""Plain bytes become the same chunks a Xet client would have made, and are deduplicated like them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from commonground.errors import BlobNotFound, DigestMismatch, SizeMismatch
from commonground.settings import Settings
from commonground.store import ingest
from commonground.store.merkle import FileHasher
from commonground.store.model import FileState
from commonground.store.service import Store
from commonground.store.xet import hashing
from commonground.store.xet.chunking import split
from tests.store.conftest import ALICE, BOB, OPEN, SECRET
from tests.store.samples import link, noise, objects, run, stream, upload


def stored_bytes(settings: Settings) -> int:
    return sum(path.stat().st_size for path in objects(settings.data))


@pytest.mark.parametrize("size", [0, 1, 8191, 300_000, 3_000_000])
def test_bytes_read_back(store: Store, size: int) -> None:
    data = noise(size)
    file = run(store.ingest(ALICE, stream(data, 77_777), sha256=hashlib.sha256(data).digest(), size=size))
    assert (file.size, file.state) == (size, FileState.VERIFIED)
    assert file.sha256 == hashlib.sha256(data).digest()
    assert file.hash == hashing.file_hash([(hashing.chunk_hash(chunk), len(chunk)) for chunk in split(data)])
    assert run(store.read_bytes(file.hash)) == data


def test_several_xorbs(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commonground.store.xet.xorb_packer.MAX_XORB_CONTENT", 2**20)
    monkeypatch.setattr(ingest, "BATCH", 2**20)
    data = noise(5_000_000, 1)
    file = run(store.ingest(ALICE, stream(data)))
    assert len(objects(settings.data)) == 5
    assert run(store.read_bytes(file.hash)) == data


def test_the_same_bytes_by_another_way_cost_nothing(store: Store, settings: Settings) -> None:
    data = noise(2_000_000, 2)
    first = run(upload(store, ALICE, data))
    before = stored_bytes(settings)
    assert run(store.put_bytes(ALICE, data)).hash == first.hash
    assert stored_bytes(settings) == before


def test_repeats_inside_a_file_are_stored_once(store: Store, settings: Settings) -> None:
    block = noise(1_000_000, 3)
    file = run(store.put_bytes(ALICE, block * 6))
    assert stored_bytes(settings) < 1_400_000
    assert run(store.read_bytes(file.hash)) == block * 6


def test_a_small_edit_costs_little(store: Store, settings: Settings) -> None:
    data = noise(10_000_000, 4)
    run(store.put_bytes(ALICE, data))
    before = stored_bytes(settings)
    edited = data[:5_000_000] + b"x" * 110 + data[5_000_000:]
    file = run(store.put_bytes(ALICE, edited))
    assert stored_bytes(settings) - before < 500_000, "a few chunks of up to 128 KiB"
    assert run(store.read_bytes(file.hash)) == edited


def test_what_others_may_not_read_is_not_reused(store: Store, settings: Settings) -> None:
    data = noise(2_000_000, 5)
    link(store, SECRET, ALICE, run(store.put_bytes(ALICE, data)))
    file = run(store.put_bytes(BOB, data))
    assert run(store.permitted(BOB, None, file.hash)).size == len(data)
    assert run(store.put_bytes(BOB, data[:1_000_000])).size == 1_000_000


def test_what_everybody_may_read_is(store: Store, settings: Settings) -> None:
    data = noise(2_000_000, 6)
    link(store, OPEN, ALICE, run(store.put_bytes(ALICE, data)))
    before = stored_bytes(settings)
    run(store.put_bytes(BOB, data + b"and a little more"))
    assert stored_bytes(settings) - before < 300_000


def test_another_content_than_announced_is_not_recorded(store: Store) -> None:
    data = noise(100_000, 7)
    with pytest.raises(DigestMismatch, match=hashlib.sha256(data).hexdigest()):
        run(store.ingest(ALICE, stream(data), sha256=b"\x01" * 32))
    for size in (99_999, 100_001):
        with pytest.raises(SizeMismatch):
            run(store.ingest(ALICE, stream(data, 1000), size=size))
    file_hash = hashing.file_hash([(hashing.chunk_hash(chunk), len(chunk)) for chunk in split(data)])
    with pytest.raises(BlobNotFound):
        run(store.permitted(ALICE, None, file_hash))


def test_too_many_bytes_are_noticed_before_they_are_read(store: Store) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1000
            yield bytes(1000)

    with pytest.raises(SizeMismatch):
        run(store.ingest(ALICE, endless(), size=5000))
    assert taken == 6000


@given(st.lists(st.tuples(st.binary(min_size=32, max_size=32), st.integers(1, 131_072)), max_size=300))
@hypothesis_settings(max_examples=50)
def test_the_streamed_file_hash_is_the_file_hash(chunks: list[tuple[bytes, int]]) -> None:
    hasher = FileHasher()
    for chunk in chunks:
        hasher.add(chunk)
    assert hasher.digest() == hashing.file_hash(chunks)
