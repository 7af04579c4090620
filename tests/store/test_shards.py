"""A shard is a list of claims: each is checked."""

from __future__ import annotations

import hashlib

import pytest

from commonground.database.tasks import Worker
from commonground.errors import BlobNotFound, DigestMismatch, InvalidShard
from commonground.store.model import FileState
from commonground.store.service import Store
from commonground.store.xet.hashing import EMPTY_FILE_HASH, to_hex
from commonground.store.xet.shard import Term
from commonground.store.xet.shard_writer import serialize_shard, shard_file, shard_xorb
from tests.store.conftest import ALICE, BOB, OPEN, SECRET
from tests.store.samples import file_of, link, noise, packed, run, shard_of, term_of, upload

DATA = noise(700_000, 1)
SHA256 = hashlib.sha256(DATA).digest()
BODY, XORB = packed(DATA)
NAME = to_hex(XORB.hash)


def test_an_honest_upload_reads_back(store: Store) -> None:
    file = run(upload(store, ALICE, DATA, SHA256))
    assert (file.size, file.sha256, file.state) == (len(DATA), SHA256, FileState.VERIFIED)
    assert run(store.read_bytes(file.hash)) == DATA


def test_a_file_without_a_digest_gets_one(store: Store) -> None:
    assert run(upload(store, ALICE, DATA)).sha256 == SHA256


def test_a_file_may_use_chunks_in_any_order(store: Store) -> None:
    run(store.put_xorb(ALICE, NAME, BODY))
    terms = [term_of(XORB, 3, 5), term_of(XORB, 0, 2), term_of(XORB, 3, 5)]
    [file] = run(store.add_shard(ALICE, shard_of(file_of([XORB], terms))))
    starts = [sum(chunk.length for chunk in XORB.chunks[:n]) for n in range(6)]
    expected = DATA[starts[3] : starts[5]] + DATA[starts[0] : starts[2]] + DATA[starts[3] : starts[5]]
    assert run(store.read_bytes(file.hash)) == expected
    assert file.sha256 == hashlib.sha256(expected).digest()


def test_the_empty_file(store: Store) -> None:
    [file] = run(store.add_shard(ALICE, shard_of(shard_file(EMPTY_FILE_HASH, [], []))))
    assert (file.size, file.sha256) == (0, hashlib.sha256(b"").digest())
    assert run(store.read_bytes(file.hash)) == b""


def refuse(store: Store, account: int, shard: bytes, reason: str) -> None:
    with pytest.raises(InvalidShard, match=reason):
        run(store.add_shard(account, shard))


def test_what_is_not_a_shard(store: Store) -> None:
    honest = shard_of(file_of([XORB], [term_of(XORB)]))
    for body in (b"", b"x" * 48, honest[:-1], honest[:100], honest + b"x", b"\x00" * 200):
        refuse(store, ALICE, body, "was refused: .")


def test_a_xorb_that_is_not_here(store: Store) -> None:
    refuse(store, ALICE, shard_of(file_of([XORB], [term_of(XORB)])), "is not here: upload it first")
    nodes = [(chunk.hash, chunk.length) for chunk in XORB.chunks]
    refuse(store, ALICE, serialize_shard([], [shard_xorb(XORB.hash, nodes)]), "is not here")


def test_chunks_a_xorb_does_not_have(store: Store) -> None:
    run(store.put_xorb(ALICE, NAME, BODY))
    count = len(XORB.chunks)
    honest = file_of([XORB], [term_of(XORB)])
    for term in (
        Term(XORB.hash, 0, count + 1, len(DATA)),
        Term(XORB.hash, count, count + 1, 10_000),
        Term(XORB.hash, 0, count, len(DATA) - 1),
        Term(XORB.hash, 0, count - 1, len(DATA)),
    ):
        refuse(store, ALICE, shard_of(shard_file(honest.hash, [term], honest.verification)), "chunks")


def test_a_term_needs_its_proof(store: Store) -> None:
    run(store.put_xorb(ALICE, NAME, BODY))
    honest, other = file_of([XORB], [term_of(XORB)]), file_of([XORB], [term_of(XORB, 0, 2)])
    refuse(store, ALICE, shard_of(shard_file(honest.hash, honest.terms)), "no verification hashes")
    refuse(store, ALICE, shard_of(shard_file(honest.hash, honest.terms, other.verification)), "are not proven")
    refuse(store, ALICE, shard_of(shard_file(other.hash, honest.terms, honest.verification)), "another file hash")


def test_a_stranger_cannot_claim_chunks_by_their_hashes(store: Store) -> None:
    """Bob knows every hash of Alice's private file, as from a leaked shard, and has none of its bytes."""
    file = run(upload(store, ALICE, DATA, SHA256))
    link(store, SECRET, ALICE, file)
    refuse(store, BOB, shard_of(file_of([XORB], [term_of(XORB)], SHA256)), "are not proven")
    with pytest.raises(BlobNotFound):
        run(store.permitted(BOB, None, file.hash))


def test_a_reader_may_reuse_what_it_may_read(store: Store) -> None:
    link(store, OPEN, ALICE, run(upload(store, ALICE, DATA, SHA256)))
    [file] = run(store.add_shard(BOB, shard_of(file_of([XORB], [term_of(XORB, 0, 3)]))))
    assert run(store.permitted(BOB, None, file.hash)).size == file.size


def test_a_reader_of_one_file_may_not_use_its_neighbours_in_the_xorb(store: Store) -> None:
    run(store.put_xorb(ALICE, NAME, BODY))
    shared, private = file_of([XORB], [term_of(XORB, 0, 2)]), file_of([XORB], [term_of(XORB, 2, 5)])
    files = run(store.add_shard(ALICE, shard_of(shared, private)))
    link(store, OPEN, ALICE, files[0])
    link(store, SECRET, ALICE, files[1])
    assert run(store.add_shard(BOB, shard_of(shared)))
    refuse(store, BOB, shard_of(private), "are not proven")
    refuse(store, BOB, shard_of(file_of([XORB], [term_of(XORB, 0, 3)])), "are not proven")


def test_one_bad_file_refuses_the_whole_shard(store: Store) -> None:
    run(store.put_xorb(ALICE, NAME, BODY))
    good, bad = file_of([XORB], [term_of(XORB, 0, 2)]), file_of([XORB], [term_of(XORB)], b"\x01" * 32)
    with pytest.raises(DigestMismatch):
        run(store.add_shard(ALICE, shard_of(good, bad)))
    with pytest.raises(BlobNotFound):
        run(store.permitted(ALICE, None, good.hash))


def test_a_wrong_digest_of_a_small_file_is_refused(store: Store) -> None:
    with pytest.raises(DigestMismatch, match=SHA256.hex()):
        run(upload(store, ALICE, DATA, b"\x01" * 32))
    run(upload(store, ALICE, DATA, SHA256))
    with pytest.raises(DigestMismatch):
        run(upload(store, BOB, DATA, b"\x01" * 32))


class TestHugeFiles:
    """Above ``inline_verify_limit`` the digest is checked by a task."""

    DATA = noise(1_200_000, 2)
    SHA256 = hashlib.sha256(DATA).digest()
    LIE = b"\x01" * 32

    def work(self, store: Store) -> int:
        return run(Worker(store.database, store.task_handlers()).run_until_idle())

    def test_the_state_is_visible_until_the_task_has_run(self, store: Store) -> None:
        file = run(upload(store, ALICE, self.DATA, self.SHA256))
        assert file.state is FileState.UNVERIFIED
        link(store, OPEN, ALICE, file)
        found = store.database.read_now(store.linked, OPEN, [self.SHA256])
        assert found[self.SHA256].state is FileState.UNVERIFIED
        assert store.database.read_now(store.usable, BOB, None, self.SHA256) is None, "others need a checked digest"
        assert self.work(store) == 1
        found = store.database.read_now(store.linked, OPEN, [self.SHA256])
        assert found[self.SHA256].state is FileState.VERIFIED
        assert store.database.read_now(store.usable, BOB, None, self.SHA256) is not None
        assert self.work(store) == 0

    def test_a_lie_is_found_and_never_served(self, store: Store) -> None:
        file = run(upload(store, ALICE, self.DATA, self.LIE))
        link(store, OPEN, ALICE, file)
        self.work(store)
        assert store.database.read_now(store.linked, OPEN, [self.LIE]) == {}
        assert store.database.read_now(store.usable, ALICE, OPEN, self.LIE) is None
        with pytest.raises(BlobNotFound):
            run(store.permitted(None, OPEN, file.hash))

    def test_a_lie_does_not_spoil_the_content_for_others(self, store: Store) -> None:
        run(upload(store, BOB, self.DATA, self.LIE))
        honest = run(upload(store, ALICE, self.DATA, self.SHA256))
        link(store, SECRET, ALICE, honest)
        self.work(store)
        found = store.database.read_now(store.linked, SECRET, [self.SHA256])
        assert found[self.SHA256].state is FileState.VERIFIED

    def test_a_task_for_a_file_that_has_gone_ends(self, store: Store) -> None:
        run(store.verify_file("0" * 64))


def test_many_chunks_are_too_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commonground.store.shards.MAX_CHUNKS", 5)
    run(store.put_xorb(ALICE, NAME, BODY))
    refuse(store, ALICE, shard_of(file_of([XORB], [term_of(XORB)])), "more than 5 chunks")
