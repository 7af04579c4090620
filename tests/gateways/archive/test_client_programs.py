"""Programs that take the address of an archive: wget, curl, tar, unzip, and Python's own readers."""

import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from pathlib import Path

import pytest

from commonground.hub.repositories.model import Repository
from tests.gateways.archive.conftest import WEIGHTS
from tests.gateways.git.server import TOKENS, Hub


def _run(folder: Path, *words: str) -> str:
    done = subprocess.run(words, cwd=folder, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tar", "x.zip"])
@pytest.mark.parametrize("program", [("wget", "-q", "-c"), ("curl", "-sf", "-O", "-C", "-")])
def test_a_download_is_resumed(
    hub: Hub, filled: Repository, tmp_path: Path, program: tuple[str, ...], name: str
) -> None:
    address = hub.url(f"{filled.full_name}/archive/main/{name}")
    with urllib.request.urlopen(address) as answer:
        whole = answer.read()
    for kept in (0, 700, len(whole) // 2, len(whole) - 3):
        (tmp_path / name).write_bytes(whole[:kept])
        _run(tmp_path, *program, address)
        assert (tmp_path / name).read_bytes() == whole


def test_tar_unpacks_a_stream(hub: Hub, filled: Repository, tmp_path: Path) -> None:
    address = hub.url(f"{filled.full_name}/archive/main/x.tar.gz?top=tiny")
    _run(tmp_path, "bash", "-c", f"set -o pipefail; curl -sf '{address}' | tar -xz")
    assert (tmp_path / "tiny/weights/model.safetensors").read_bytes() == WEIGHTS


def test_unzip_tests_what_curl_fetched(hub: Hub, filled: Repository, tmp_path: Path) -> None:
    _run(tmp_path, "curl", "-sf", "-O", hub.url(f"{filled.full_name}/archive/main/x.zip"))
    _run(tmp_path, "unzip", "-tq", "x.zip")


def test_wget_signs_in_to_a_private_repository(hub: Hub, tmp_path: Path) -> None:
    private = hub.create("private-wget", visibility="private")
    _run(
        tmp_path,
        *("wget", "-q", "--user", "ada", "--password", TOKENS["ada"]),
        hub.url(f"{private.full_name}/archive/main/x.zip"),
    )
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert "private-wget-main/.gitattributes" in archive.namelist()


def test_tarfile_reads_a_stream(hub: Hub, filled: Repository) -> None:
    address = hub.url(f"{filled.full_name}/archive/main/x.tar.gz?top=")
    with urllib.request.urlopen(address) as answer, tarfile.open(fileobj=answer, mode="r|gz") as archive:
        found = {member.name: member.size for member in archive if member.isfile()}
    assert found["weights/model.safetensors"] == len(WEIGHTS)


FAIRSEQ = """
import json, os, shutil, sys, tarfile, tempfile, urllib.request

# What fairseq.file_utils does with the address of a model, in the same order and with the same calls: the headers, the
# body, the mode from the end of the address, one top folder by the common prefix of all names, and a move.
url = sys.argv[1]
with urllib.request.urlopen(urllib.request.Request(url, method="HEAD")) as answer:
    etag = answer.headers["ETag"]
    assert answer.status == 200 and etag
with urllib.request.urlopen(url) as answer, open("cached", "wb") as file:
    shutil.copyfileobj(answer, file)
ext = os.path.splitext(url)[1][1:]
with tarfile.open("cached", "r:" + ext) as archive:
    top_dir = os.path.commonprefix(archive.getnames())
    archive.extractall("unpacked")
shutil.move(os.path.join("unpacked", top_dir), "model")
print(json.dumps(sorted(os.listdir("model"))))
"""


def test_fairseq_finds_one_top_folder(hub: Hub, filled: Repository, tmp_path: Path) -> None:
    address = hub.url(f"{filled.full_name}/archive/main/model.tar.gz")
    found = _run(tmp_path, sys.executable, "-c", FAIRSEQ, address)
    assert found.strip() == '[".gitattributes", "config.json", "weights"]'
