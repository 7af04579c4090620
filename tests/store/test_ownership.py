"""Knowing a hash is not owning the bytes."""

from __future__ import annotations

import hashlib

import pytest

from commonground.errors import BlobNotFound
from commonground.store.model import StoredFile
from commonground.store.service import Store
from commonground.store.xet.hashing import chunk_hash, keyed, to_hex
from commonground.store.xet.shard import parse_shard
from tests.store.conftest import ALICE, BOB, OPEN, SECRET
from tests.store.samples import file_of, link, noise, packed, run, shard_of, term_of, upload

DATA = noise(900_000, 20)
SHA256 = hashlib.sha256(DATA).digest()
BODY, XORB = packed(DATA)
FIRST = XORB.chunks[0].hash


def usable(store: Store, account: int | None, repository: int | None) -> StoredFile | None:
    return store.database.read_now(store.usable, account, repository, SHA256)


class TestUsable:
    def test_what_the_account_uploaded(self, store: Store) -> None:
        file = run(upload(store, ALICE, DATA))
        assert usable(store, ALICE, SECRET) == file
        assert usable(store, BOB, SECRET) is None
        assert usable(store, None, None) is None

    def test_what_is_linked_to_the_repository(self, store: Store) -> None:
        link(store, SECRET, ALICE, run(upload(store, ALICE, DATA)))
        assert usable(store, BOB, SECRET) is not None, "the caller has checked that Bob may write there"
        assert usable(store, BOB, OPEN) is None

    def test_what_is_linked_to_a_readable_repository(self, store: Store) -> None:
        link(store, OPEN, ALICE, run(upload(store, ALICE, DATA)))
        assert usable(store, BOB, 99) is not None
        assert usable(store, None, None) is not None

    def test_unlinked_is_no_longer_readable(self, store: Store) -> None:
        file = run(upload(store, ALICE, DATA))
        link(store, OPEN, ALICE, file)
        store.database.write_now(store.unlink, OPEN, [file.hash])
        assert usable(store, BOB, OPEN) is None
        link(store, OPEN, ALICE, file)
        store.database.write_now(store.unlink, OPEN)
        assert usable(store, BOB, OPEN) is None


class TestPermitted:
    def test_through_the_repository_of_the_token_or_by_upload(self, store: Store) -> None:
        file = run(upload(store, ALICE, DATA))
        link(store, SECRET, ALICE, file)
        assert run(store.permitted(None, SECRET, file.hash)) == file
        assert run(store.permitted(ALICE, None, file.hash)) == file
        for account, repository in ((BOB, None), (BOB, OPEN), (None, OPEN), (None, None)):
            with pytest.raises(BlobNotFound):
                run(store.permitted(account, repository, file.hash))


class TestDedup:
    def xorbs(self, answer: bytes | None) -> list[bytes]:
        return [] if answer is None else [xorb.hash for xorb in parse_shard(answer).xorbs]

    def test_unknown_chunks(self, store: Store) -> None:
        assert run(store.dedup(ALICE, chunk_hash(b"x"))) is None

    def test_only_what_the_account_may_use_is_told(self, store: Store) -> None:
        file = run(upload(store, ALICE, DATA))
        link(store, SECRET, ALICE, file)
        assert self.xorbs(run(store.dedup(ALICE, FIRST))) == [XORB.hash]
        assert run(store.dedup(BOB, FIRST)) is None
        assert run(store.dedup(None, FIRST)) is None
        link(store, OPEN, ALICE, file)
        assert self.xorbs(run(store.dedup(BOB, FIRST))) == [XORB.hash]

    def test_an_answer_is_keyed_and_expires(self, store: Store) -> None:
        run(upload(store, ALICE, DATA))
        shards = [parse_shard(run(store.dedup(ALICE, FIRST)) or b"") for _ in range(2)]
        for shard in shards:
            assert shard.footer is not None
            assert shard.files == []
            expected = [(keyed(chunk.hash, shard.footer.key), chunk.length) for chunk in XORB.chunks]
            assert shard.xorbs[0].chunks == expected
            assert 0 < shard.footer.expires - shard.footer.created <= 24 * 3600
        assert shards[0].footer != shards[1].footer, "every answer has a key of its own"

    def test_an_answer_has_the_neighbours_of_the_file(self, store: Store) -> None:
        parts = [packed(noise(200_000, seed)) for seed in (30, 31, 32)]
        for body, xorb in parts:
            run(store.put_xorb(ALICE, to_hex(xorb.hash), body))
        xorbs = [xorb for _, xorb in parts]
        run(store.add_shard(ALICE, shard_of(file_of(xorbs, [term_of(xorb) for xorb in xorbs]))))
        for asked in xorbs:
            found = self.xorbs(run(store.dedup(ALICE, asked.chunks[0].hash)))
            assert found[0] == asked.hash
            assert set(found) == {xorb.hash for xorb in xorbs}

    def test_an_answer_hides_what_else_is_in_the_xorb(self, store: Store) -> None:
        run(store.put_xorb(ALICE, to_hex(XORB.hash), BODY))
        shared = file_of([XORB], [term_of(XORB, 0, 3)])
        private = file_of([XORB], [term_of(XORB, 3)])
        files = run(store.add_shard(ALICE, shard_of(shared, private)))
        link(store, OPEN, ALICE, files[0])
        assert run(store.dedup(BOB, XORB.chunks[4].hash)) is None
        shard = parse_shard(run(store.dedup(BOB, FIRST)) or b"")
        assert shard.footer is not None
        told = [h for h, _ in shard.xorbs[0].chunks]
        true = [keyed(chunk.hash, shard.footer.key) for chunk in XORB.chunks]
        assert told[:3] == true[:3]
        assert not set(told[3:]) & set(true)


def test_links_are_listed_in_pages(store: Store) -> None:
    files = [run(store.put_bytes(ALICE, noise(1000, seed))) for seed in range(5)]
    for n, file in enumerate(files):
        store.database.write_now(store.link, OPEN, ALICE, file, f"file-{n}")
    expected = sorted(file.hash for file in files)
    first = store.database.read_now(store.links, OPEN, b"", 3)
    rest = store.database.read_now(store.links, OPEN, first[-1].file_hash)
    assert [item.file_hash for item in first + rest] == expected
    assert {item.filename for item in first + rest} == {f"file-{n}" for n in range(5)}


def test_linking_tells_what_is_new_and_unlinking_how_much_goes(store: Store) -> None:
    first, second = (run(store.put_bytes(ALICE, noise(size, size))) for size in (1000, 500))
    new = [store.database.write_now(store.link, OPEN, ALICE, file) for file in (first, first, second)]
    assert new == [True, False, True]
    assert store.database.write_now(store.unlink, OPEN, [first.hash, first.hash]) == 1000
    assert store.database.write_now(store.unlink, OPEN) == 500


def test_a_file_that_was_collected_cannot_be_linked(store: Store) -> None:
    file = StoredFile(hash=b"\x01" * 32, sha256=None, size=1, state=run(upload(store, ALICE, DATA)).state)
    with pytest.raises(BlobNotFound):
        link(store, OPEN, ALICE, file)
