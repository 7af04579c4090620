"""The reference client against answers made of this library alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hf_xet
import numpy as np
import pytest

from commonground.store.xet.hashing import to_hex
from commonground.store.xet.shard import parse_shard
from commonground.store.xet.xorb import iter_chunks, parse_xorb
from commonground.store.xet.xorb_footer import MARK
from commonground.store.xet.xorb_packer import pack_xorb
from tests.store.xet.cas_server import Cas, running
from tests.store.xet.oracle import fresh_session, upload

TOKEN: dict[str, Any] = {"token": "t", "token_expiry_unix_secs": 4_000_000_000}


def sample_files() -> dict[str, bytes]:
    rng = np.random.default_rng(77)
    base = rng.bytes(3 << 20)
    return {
        "base": base,
        "inside out": base[2 << 20 :] + b"between" + base[: 1 << 20],
        "float32": rng.standard_normal(1 << 18, dtype=np.float32).tobytes(),
        "small": b"some text",
        "empty": b"",
    }


def download(cache: Path, cas: Cas, name: bytes, size: int, target: Path) -> bytes:
    with fresh_session(cache) as session, session.new_file_download_group(endpoint=cas.url, **TOKEN) as group:
        group.start_download_file(hf_xet.XetFileInfo(to_hex(name), size), str(target))
    return target.read_bytes()


def test_clients_upload_without_footers(tmp_path: Path) -> None:
    with running() as cas:
        upload(tmp_path / "cache", cas.url, sample_files(), **TOKEN)
    assert cas.errors == []
    assert cas.xorbs
    for name, data in cas.xorbs.items():
        assert parse_xorb(data, name).packed_length == len(data)
        assert MARK not in data
    for body in cas.shard_bodies:
        shard = parse_shard(body)
        assert shard.footer is None
        assert [xorb.global_dedup_chunks for xorb in shard.xorbs] == [[]] * len(shard.xorbs)


@pytest.mark.parametrize("version", [1, 2])
def test_clients_read_what_they_wrote(tmp_path: Path, version: int) -> None:
    files = sample_files()
    with running(version=version) as cas:
        hashes = upload(tmp_path / "cache", cas.url, files, **TOKEN)
        for i, (name, data) in enumerate(files.items()):
            if data:
                found = download(tmp_path / f"cache{i}", cas, hashes[name], len(data), tmp_path / name)
                assert found == data, name


def test_clients_read_ranges(tmp_path: Path) -> None:
    files = sample_files()
    with running() as cas:
        hashes = upload(tmp_path / "cache", cas.url, files, **TOKEN)
        name, data = "inside out", files["inside out"]
        with fresh_session(tmp_path / "other") as session:
            group = session.new_download_stream_group(endpoint=cas.url, **TOKEN)
            info = hf_xet.XetFileInfo(to_hex(hashes[name]), len(data))
            for start, end in ((0, 10), (1_000_000, 1_200_000), (len(data) - 3, len(data))):
                assert b"".join(group.download_stream(info, start=start, end=end)) == data[start:end]


def test_clients_read_xorbs_that_we_packed(tmp_path: Path) -> None:
    files = sample_files()
    with running() as cas:
        hashes = upload(tmp_path / "cache", cas.url, files, **TOKEN)
        for xorb_hash, theirs in list(cas.xorbs.items()):
            ours, xorb = pack_xorb(iter_chunks(theirs))
            assert xorb.hash == xorb_hash
            cas.add_xorb(xorb_hash, ours)
        for i, name in enumerate(("base", "float32")):
            found = download(tmp_path / f"cache{i}", cas, hashes[name], len(files[name]), tmp_path / name)
            assert found == files[name]


def test_a_dedup_answer_spares_a_new_client_the_upload(tmp_path: Path) -> None:
    base = sample_files()["base"]
    with running() as cas:
        upload(tmp_path / "first", cas.url, {"base": base}, **TOKEN)
        before = dict(cas.xorbs)
        hashes = upload(tmp_path / "second", cas.url, {"longer": base + b"and a new end"}, **TOKEN)
        sent = sum(len(data) for name, data in cas.xorbs.items() if name not in before)
        found = download(tmp_path / "third", cas, hashes["longer"], len(base) + 13, tmp_path / "longer")
    assert cas.errors == []
    assert cas.dedup_answers >= 1
    assert sent < 200_000
    assert found == base + b"and a new end"
