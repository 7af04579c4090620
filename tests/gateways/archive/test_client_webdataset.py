"""webdataset, over a shard that is stored, and over the files of a folder seen as one."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from commonground.hub.repositories.model import Repository
from tests.gateways.archive.conftest import fill
from tests.gateways.git.server import Hub

pytest.importorskip("webdataset")

SCRIPT = """
import json, sys
import webdataset
data = webdataset.WebDataset(sys.argv[1], shardshuffle=False).decode()
print(json.dumps([[sample["__key__"].rpartition("/")[2], sample["json"], sample["txt"]] for sample in data]))
"""


def _samples(url: str, home: Path) -> list[list[object]]:
    environment = os.environ | {"HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, url],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    found: list[list[object]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture
def shard() -> dict[str, bytes]:
    samples = {f"{number:03}.json": json.dumps({"label": number}).encode() for number in range(20)}
    return samples | {f"{number:03}.txt": f"text {number}".encode() for number in range(20)}


EXPECTED = [[f"{number:03}", {"label": number}, f"text {number}"] for number in range(20)]


def test_a_stored_shard(hub: Hub, repository: Repository, shard: dict[str, bytes], tmp_path: Path) -> None:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w") as archive:
        for name in sorted(shard):
            member = tarfile.TarInfo(name)
            member.size = len(shard[name])
            archive.addfile(member, io.BytesIO(shard[name]))
    fill(hub, repository, {"shard-000.tar": body.getvalue()})
    assert _samples(hub.url(f"{repository.full_name}/resolve/main/shard-000.tar"), tmp_path) == EXPECTED


@pytest.mark.parametrize("form", ["tar", "tar.gz"])
def test_a_folder_seen_as_a_shard(
    hub: Hub, repository: Repository, shard: dict[str, bytes], tmp_path: Path, form: str
) -> None:
    fill(hub, repository, {f"train/{name}": data for name, data in shard.items()})
    assert _samples(hub.url(f"{repository.full_name}/archive/main/train/train.{form}"), tmp_path) == EXPECTED
