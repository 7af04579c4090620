"""The real git-lfs and huggingface_hub against a real server."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from commonground.hub.repositories.model import Repository
from commonground.services import Services
from tests.gateways.git.memory import commit, git
from tests.gateways.git.server import TOKENS, Hub, principal_of
from tests.gateways.lfs.batches import oid_of

CONTENT = random.Random("git-lfs").randbytes(3_000_000)


@pytest.fixture(scope="module", autouse=True)
def git_lfs() -> None:
    """git-lfs is a system package."""
    if shutil.which("git-lfs"):
        return
    if os.environ.get("CI") == "true":
        pytest.fail("git-lfs is missing: apt-get install git-lfs")
    pytest.skip("git-lfs is missing: apt-get install git-lfs")


@pytest.fixture
def work(hub: Hub, repository: Repository, tmp_path: Path) -> Path:
    """A clone with git-lfs switched on for ``*.bin``."""
    where = tmp_path / "work"
    git(tmp_path, "clone", "-q", hub.url(repository.full_name, user="ada"), str(where))
    git(where, "lfs", "install", "--local")
    git(where, "lfs", "track", "*.bin")
    return where


def test_git_lfs_goes_both_ways(hub: Hub, repository: Repository, work: Path, tmp_path: Path) -> None:
    commit(work, {"model.bin": CONTENT, "copy.bin": CONTENT, "other.bin": CONTENT[:500_000], "notes.txt": b"plain"})
    git(work, "push", "-q", "origin", "main")
    with hub.client(None) as http:
        answer = http.get(f"/{repository.full_name}/resolve/main/model.bin", follow_redirects=True)
        assert answer.content == CONTENT
        [entry] = http.post(f"/api/models/{repository.full_name}/paths-info/main", json={"paths": ["model.bin"]}).json()
    assert entry["lfs"]["oid"] == oid_of(CONTENT)
    again = tmp_path / "again"
    git(tmp_path, "clone", "-q", hub.url(repository.full_name), str(again))
    git(again, "lfs", "install", "--local")
    git(again, "lfs", "pull")
    assert (again / "model.bin").read_bytes() == (again / "copy.bin").read_bytes() == CONTENT
    assert git(again, "status", "--porcelain") == b""
    assert b"Git LFS fsck OK" in git(again, "lfs", "fsck")
    assert git(again, "fsck", "--strict", "--no-dangling") == b""


def test_git_lfs_follows_a_moved_repository(hub: Hub, repository: Repository, work: Path) -> None:
    commit(work, {"model.bin": CONTENT[:3000]})

    async def move(services: Services) -> None:
        caller = await principal_of(services, "ada")
        await services.repositories.move(caller, repository, "ada", f"{repository.name}-moved")

    hub.run(move)
    git(work, "push", "-q", "origin", "main")
    with hub.client(None) as http:
        answer = http.get(f"/{repository.full_name}-moved/resolve/main/model.bin", follow_redirects=True)
    assert answer.content == CONTENT[:3000]


def test_a_push_without_its_content_is_refused(hub: Hub, repository: Repository, work: Path) -> None:
    commit(work, {"model.bin": CONTENT[:1000]})
    done = subprocess.run(
        ["git", "push", "--no-verify", "origin", "main"], cwd=work, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    message = " ".join(done.stderr.split())
    assert "LFS content is missing, upload it with 'git lfs push': model.bin" in message
    git(work, "push", "-q", "origin", "main")


def test_a_pointer_with_a_wrong_size_is_refused(hub: Hub, repository: Repository, work: Path) -> None:
    commit(work, {"model.bin": CONTENT[:2000]})
    git(work, "push", "-q", "origin", "main")
    wrong = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid_of(CONTENT[:2000])}\nsize 1999\n"
    commit(work, {"wrong.txt": wrong.encode()})
    done = subprocess.run(
        ["git", "push", "--no-verify", "origin", "main"], cwd=work, capture_output=True, text=True, check=False
    )
    assert "wrong.txt says its LFS content has 1999 bytes, it has 2000" in " ".join(done.stderr.split())


@pytest.mark.parametrize("size", [1_000_000, 40_000_000])
def test_the_hugging_face_client_uploads_through_lfs(
    hub: Hub, repository: Repository, tmp_path: Path, size: int
) -> None:
    """Basic transfer for a small file, multipart for a large one."""
    data = random.Random(size).randbytes(size)
    (tmp_path / "model.bin").write_bytes(data)
    script = (
        "import sys; from huggingface_hub import HfApi\n"
        "api = HfApi(); name = sys.argv[1]\n"
        "api.upload_file(path_or_fileobj=sys.argv[2], path_in_repo='model.bin', repo_id=name)\n"
        "assert open(api.hf_hub_download(name, 'model.bin'), 'rb').read() == open(sys.argv[2], 'rb').read()\n"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    given = {
        "HF_ENDPOINT": hub.url().rstrip("/"),
        "HF_TOKEN": TOKENS["ada"],
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", script, repository.full_name, str(tmp_path / "model.bin")],
        env=clean | given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
