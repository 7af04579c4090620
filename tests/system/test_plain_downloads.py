"""curl and wget, with resume: what people without any library use."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.server import Server

from tests.system.conftest import User, file

SIZE = 3_000_000


@pytest.fixture
def address(alice: User, server: Server) -> Iterator[tuple[str, bytes]]:
    """A public large file: its address and its bytes."""
    repository = alice.create("plain", visibility="public")
    data = os.urandom(SIZE)
    alice.lfs_upload(repository, "weights.bin", data)
    assert alice.commit(repository, file("note.txt", b"note")).status_code == 200
    yield f"{server.url}/{repository}/resolve/main/weights.bin", data
    assert alice.http.request("DELETE", "/api/repos/delete", json={"name": "plain", "type": "model"}).status_code == 200


def _run(folder: Path, *words: str) -> None:
    subprocess.run(words, cwd=folder, check=True, capture_output=True, timeout=60)


def test_curl_downloads_and_resumes(address: tuple[str, bytes], tmp_path: Path) -> None:
    url, data = address
    _run(tmp_path, "curl", "-sfL", "-O", url)
    assert (tmp_path / "weights.bin").read_bytes() == data
    (tmp_path / "weights.bin").write_bytes(data[: SIZE // 3])
    _run(tmp_path, "curl", "-sfL", "-O", "-C", "-", url)
    assert (tmp_path / "weights.bin").read_bytes() == data


def test_wget_downloads_and_resumes(address: tuple[str, bytes], tmp_path: Path) -> None:
    url, data = address
    (tmp_path / "weights.bin").write_bytes(data[: SIZE // 3])
    _run(tmp_path, "wget", "-q", "-c", url)
    assert (tmp_path / "weights.bin").read_bytes() == data
    _run(tmp_path, "wget", "-q", "-O", "second", "--content-disposition", url)
    assert (tmp_path / "second").read_bytes() == data


def test_curl_asks_whether_it_changed(address: tuple[str, bytes], tmp_path: Path) -> None:
    url, _ = address
    _run(tmp_path, "curl", "-sf", "--etag-save", "tag", "-o", "first", url)
    _run(tmp_path, "curl", "-sf", "--etag-compare", "tag", "-o", "again", url)
    assert not (tmp_path / "again").exists() or (tmp_path / "again").stat().st_size == 0
