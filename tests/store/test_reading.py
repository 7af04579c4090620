"""Any range of any file, verified before it is given out."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.database import Database
from commonground.database.schema import metadata
from commonground.errors import BlobNotFound, CorruptBlob, PayloadTooLarge, RangeNotSatisfiable
from commonground.settings import Settings
from commonground.store import cache, reading
from commonground.store.backends import open_backend
from commonground.store.model import StoredFile
from commonground.store.service import Store
from commonground.store.xet.hashing import EMPTY_FILE_HASH, to_hex
from tests.store.conftest import ALICE, Guard
from tests.store.samples import file_of, flip, noise, objects, packed, run, shard_of, stream, term_of

DATA = noise(1_500_000, 3)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, StoredFile, bytes]]:
    """A file of terms from two xorbs, out of order and repeated."""
    settings = Settings(data=tmp_path_factory.mktemp("reading"))
    database = Database(settings.database_address)
    database.write_now(metadata.create_all)
    store = Store(database, open_backend(settings), settings, Guard())
    bodies = [packed(DATA[:700_000]), packed(DATA[700_000:])]
    for body, xorb in bodies:
        run(store.put_xorb(ALICE, to_hex(xorb.hash), body))
    xorbs = [xorb for _, xorb in bodies]
    terms = [term_of(xorbs[1], 2, 5), term_of(xorbs[0]), term_of(xorbs[1], 2, 5), term_of(xorbs[1], 0, 1)]
    [file] = run(store.add_shard(ALICE, shard_of(file_of(xorbs, terms))))
    content = b""
    for term in terms:
        xorb = next(x for x in xorbs if x.hash == term.xorb_hash)
        source = DATA[:700_000] if xorb is xorbs[0] else DATA[700_000:]
        low = sum(chunk.length for chunk in xorb.chunks[: term.start])
        content += source[low : low + term.length]
    yield store, file, content
    database.close()


def test_the_whole_file(stored: tuple[Store, StoredFile, bytes]) -> None:
    store, file, content = stored
    assert run(store.read_bytes(file.hash)) == content
    assert file.sha256 == hashlib.sha256(content).digest()


@given(data=st.data())
def test_any_range(stored: tuple[Store, StoredFile, bytes], data: st.DataObject) -> None:
    store, file, content = stored
    start = data.draw(st.integers(0, len(content) - 1))
    end = data.draw(st.one_of(st.none(), st.integers(start + 1, len(content) + 10)))
    assert run(store.read_bytes(file.hash, start, end)) == content[start:end]


@given(data=st.data())
def test_a_reconstruction_describes_the_same_bytes(
    stored: tuple[Store, StoredFile, bytes], data: st.DataObject
) -> None:
    store, file, content = stored
    start = data.draw(st.integers(0, len(content) - 1))
    end = data.draw(st.integers(start + 1, len(content)))

    async def rebuild() -> bytes:
        plan = await store.reconstruction(file.hash, (start, end))
        parts = [part for term in plan.terms for part in await store.xorbs.chunks(term.xorb_hash, term.start, term.end)]
        return b"".join(parts)[plan.offset : plan.offset + plan.length]

    assert run(rebuild()) == content[start:end]


def test_pieces_are_small_and_in_order(
    stored: tuple[Store, StoredFile, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, file, content = stored
    monkeypatch.setattr(reading, "PIECE", 100_000)

    async def parts() -> list[bytes]:
        return [part async for part in store.read(file.hash, 10)]

    found = run(parts())
    assert b"".join(found) == content[10:]
    assert max(map(len, found)) <= 131_072, "a piece is at least one chunk"


@pytest.mark.parametrize(("start", "end"), [(10**9, None), (5, 5), (7, 3), (-1, 4)])
def test_a_range_outside(stored: tuple[Store, StoredFile, bytes], start: int, end: int | None) -> None:
    store, file, content = stored
    for begin in (start, len(content)):
        with pytest.raises(RangeNotSatisfiable):
            run(store.read_bytes(file.hash, begin, end))
        with pytest.raises(RangeNotSatisfiable):
            run(store.reconstruction(file.hash, (begin, end)))


def test_a_bound_on_memory(stored: tuple[Store, StoredFile, bytes]) -> None:
    store, file, _ = stored
    with pytest.raises(PayloadTooLarge):
        run(store.read_bytes(file.hash, limit=1000))
    assert len(run(store.read_bytes(file.hash, 5, 1005, limit=1000))) == 1000


def test_an_unknown_file(stored: tuple[Store, StoredFile, bytes]) -> None:
    store, _, _ = stored
    for work in (store.read_bytes(b"\x01" * 32), store.materialise(b"\x01" * 32), store.reconstruction(b"\x01" * 32)):
        with pytest.raises(BlobNotFound):
            run(work)


def test_the_empty_file(store: Store) -> None:
    file = run(store.put_bytes(ALICE, b""))
    assert file.hash == EMPTY_FILE_HASH
    assert run(store.read_bytes(file.hash)) == b""
    assert run(store.reconstruction(file.hash)).terms == ()
    with pytest.raises(RangeNotSatisfiable):
        run(store.reconstruction(file.hash, (0, 10)))


def test_damage_ends_the_stream_before_its_bytes(store: Store, settings: Settings) -> None:
    data = noise(12 * 2**20, 4)
    file = run(store.ingest(ALICE, stream(data)))
    [path] = objects(settings.data)
    flip(path, 9 * 2**20)
    received = bytearray()

    async def read() -> None:
        async for part in store.read(file.hash):
            received.extend(part)

    with pytest.raises(CorruptBlob):
        run(read())
    assert bytes(received) == data[: len(received)]
    assert 4 * 2**20 <= len(received) < 9 * 2**20


class TestHotFiles:
    def test_a_file_is_materialised_when_it_is_asked_for_again(self, store: Store) -> None:
        data = noise(2 * 2**20, 5)
        file = run(store.put_bytes(ALICE, data))
        assert run(store.materialise(file.hash)) is None
        path = run(store.materialise(file.hash))
        assert path is not None
        assert path.read_bytes() == data
        assert run(store.materialise(file.hash)) == path

    def test_small_files_are_not(self, store: Store) -> None:
        file = run(store.put_bytes(ALICE, noise(1000)))
        assert [run(store.materialise(file.hash)) for _ in range(3)] == [None] * 3

    def test_a_truncated_copy_is_built_again(self, store: Store) -> None:
        data = noise(2 * 2**20, 6)
        file = run(store.put_bytes(ALICE, data))
        run(store.materialise(file.hash))
        path = run(store.materialise(file.hash))
        assert path is not None
        path.write_bytes(data[:100])
        assert run(store.materialise(file.hash)) == path
        assert path.read_bytes() == data

    def test_damage_is_not_materialised(self, store: Store, settings: Settings) -> None:
        file = run(store.put_bytes(ALICE, noise(2 * 2**20, 7)))
        flip(objects(settings.data)[0], 1_000_000)
        run(store.materialise(file.hash))
        with pytest.raises(CorruptBlob):
            run(store.materialise(file.hash))
        assert [path for path in (settings.data / "cache").rglob("*") if path.is_file()] == []

    def test_the_cache_stays_within_its_size(self, sqlite_store: Store) -> None:
        store = sqlite_store
        paths = []
        for seed in range(8):
            file = run(store.put_bytes(ALICE, noise(2 * 2**20, 10 + seed)))
            run(store.materialise(file.hash))
            paths.append(run(store.materialise(file.hash)))
        kept = [path for path in paths if path is not None and path.exists()]
        assert kept == paths[-5:], "11 MiB hold five files of 2 MiB"

    def test_many_readers_build_a_file_once(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        data = noise(3 * 2**20, 8)
        file = run(store.put_bytes(ALICE, data))
        run(store.materialise(file.hash))
        built = []
        build = store.cache._build

        async def counting(target: Path, parts: AsyncIterator[bytes]) -> Path | None:
            built.append(target)
            return await build(target, parts)

        monkeypatch.setattr(store.cache, "_build", counting)

        async def race() -> list[Path | None]:
            return await asyncio.gather(*(store.materialise(file.hash) for _ in range(10)))

        assert len({*run(race())}) == 1
        assert len(built) == 1

    def test_nobody_waits_long_for_a_large_file(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cache, "PATIENCE_SECONDS", 0.0)
        file = run(store.put_bytes(ALICE, noise(3 * 2**20, 9)))

        async def ask() -> Path | None:
            await store.materialise(file.hash)
            assert await store.materialise(file.hash) is None, "it is being built"
            await asyncio.gather(*store.cache._building.values())
            return await store.materialise(file.hash)

        assert run(ask()) is not None

    def test_closing_stops_building(self, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cache, "PATIENCE_SECONDS", 0.0)
        file = run(store.put_bytes(ALICE, noise(3 * 2**20, 10)))

        async def ask() -> None:
            await store.materialise(file.hash)
            await store.materialise(file.hash)
            await store.close()

        run(ask())
        assert [path for path in (settings.data / "cache").rglob("*") if path.is_file()] == []


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    settings = Settings(data=tmp_path, cache_bytes=11 * 2**20)
    database = Database(settings.database_address)
    database.write_now(metadata.create_all)
    yield Store(database, open_backend(settings), settings, Guard())
    database.close()
