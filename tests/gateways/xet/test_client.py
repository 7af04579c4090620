"""The real client, hf_xet, against a real server."""

from __future__ import annotations

import os
import re
from pathlib import Path

import hf_xet
import pytest

from commonground.store.xet.hashing import to_hex
from tests.gateways.xet.cas import Cas
from tests.gateways.xet.conftest import ALICE, BOB, OPEN, SECRET
from tests.store.samples import flip, noise
from tests.store.xet.oracle import fresh_session, upload


def send(cas: Cas, cache: Path, account: int, **files: bytes) -> dict[str, bytes]:
    return upload(cache, files=files, **cas.client_options(account))


def fetch(cas: Cas, cache: Path, file_hash: bytes, size: int, account: int | None, repository: int | None) -> bytes:
    target = cache / "downloaded"
    options = cas.client_options(account, repository, write=False)
    with fresh_session(cache) as session, session.new_file_download_group(**options) as group:
        group.start_download_file(hf_xet.XetFileInfo(to_hex(file_hash), size), str(target))
    return target.read_bytes()


def shapes() -> dict[str, bytes]:
    text = b"".join(b"%d, a line of text that packs well\n" % n for n in range(50_000))
    return {"noise": noise(3_000_000), "text": text, "zeros": bytes(2_000_000), "tiny": b"some text", "empty": b""}


def test_files_of_every_shape_go_up_and_come_down(cas: Cas, tmp_path: Path) -> None:
    files = shapes()
    hashes = send(cas, tmp_path / "up", ALICE, **files)
    for name, data in files.items():
        cas.link(OPEN, ALICE, hashes[name])
        assert fetch(cas, tmp_path / name, hashes[name], len(data), None, OPEN) == data


def test_a_file_larger_than_a_xorb(cas: Cas, tmp_path: Path) -> None:
    data = noise(80_000_000, 1)
    hashes = send(cas, tmp_path / "up", ALICE, big=data)
    assert fetch(cas, tmp_path / "down", hashes["big"], len(data), ALICE, None) == data


def test_a_range_of_a_file(cas: Cas, tmp_path: Path) -> None:
    data = noise(5_000_000, 2)
    [name] = send(cas, tmp_path / "up", ALICE, data=data).values()
    with fresh_session(tmp_path / "down") as session:
        options = cas.client_options(ALICE, write=False)
        with session.new_download_stream_group(**options) as group:
            stream = group.download_stream(hf_xet.XetFileInfo(to_hex(name), len(data)), 1_234_567, 3_456_789)
            assert b"".join(bytes(part) for part in stream) == data[1_234_567:3_456_789]


class TestDedup:
    def test_a_fresh_client_sends_only_what_changed(self, cas: Cas, tmp_path: Path) -> None:
        data = noise(100_000_000, 3)
        send(cas, tmp_path / "first", ALICE, data=data)
        before = cas.stored_bytes()
        edited = data[:50_000_000] + os.urandom(110) + data[50_000_000:]
        [name] = send(cas, tmp_path / "second", ALICE, data=edited).values()
        assert cas.stored_bytes() - before < 1_000_000
        assert fetch(cas, tmp_path / "down", name, len(edited), ALICE, None) == edited

    def test_others_profit_only_from_what_they_may_read(self, cas: Cas, tmp_path: Path) -> None:
        private, public = noise(3_000_000, 4), noise(3_000_000, 5)
        hashes = send(cas, tmp_path / "alice", ALICE, private=private, public=public)
        cas.link(SECRET, ALICE, hashes["private"])
        cas.link(OPEN, ALICE, hashes["public"])
        before = cas.stored_bytes()
        send(cas, tmp_path / "bob-1", BOB, public=public)
        assert cas.stored_bytes() == before
        mine = send(cas, tmp_path / "bob-2", BOB, private=private)
        assert fetch(cas, tmp_path / "down", mine["private"], len(private), BOB, None) == private


class TestRefusals:
    def test_a_file_that_is_not_linked_to_the_repository_of_the_token(self, cas: Cas, tmp_path: Path) -> None:
        data = noise(200_000, 6)
        [name] = send(cas, tmp_path / "up", ALICE, data=data).values()
        cas.link(SECRET, ALICE, name)
        for account, repository in ((BOB, OPEN), (None, None), (None, OPEN)):
            with pytest.raises(Exception, match=r"(?i)404|not found"):
                fetch(cas, tmp_path / f"down-{account}-{repository}", name, len(data), account, repository)

    def test_a_token_for_reading_does_not_write(self, cas: Cas, tmp_path: Path) -> None:
        with pytest.raises(Exception, match="403"):
            upload(tmp_path, files={"x": noise(100_000, 7)}, **cas.client_options(ALICE, write=False))

    def test_an_expired_token(self, cas: Cas, tmp_path: Path) -> None:
        options = cas.client_options(ALICE) | {"token": cas.token(ALICE, seconds=-1)}
        with pytest.raises(Exception, match="401"):
            upload(tmp_path, files={"x": noise(100_000, 8)}, **options)


def test_a_flipped_byte_fails_the_download_at_once(cas: Cas, tmp_path: Path) -> None:
    data = noise(20_000_000, 9)
    before = set(cas.xorb_files())
    [name] = send(cas, tmp_path / "up", ALICE, data=data).values()
    [path] = set(cas.xorb_files()) - before
    flip(path, 10_000_000)
    with pytest.raises(Exception, match=re.compile("410|gone", re.IGNORECASE)):
        fetch(cas, tmp_path / "down", name, len(data), ALICE, None)
