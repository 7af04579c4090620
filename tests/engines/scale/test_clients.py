"""Stock clients against two worker processes on PostgreSQL and S3."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bench.server import TOKEN, USER

from tests.engines.scale.deployment import Backends, Node, output

MEGABYTES = 20

UPLOAD = """
import sys
from huggingface_hub import HfApi
api = HfApi()
repository, path, local = sys.argv[1:]
api.create_repo(repository, exist_ok=True)
api.upload_file(path_or_fileobj=local, path_in_repo=path, repo_id=repository)
"""

DOWNLOAD = """
import hashlib, sys
from huggingface_hub import hf_hub_download
print(hashlib.sha256(open(hf_hub_download(sys.argv[1], sys.argv[2]), "rb").read()).hexdigest())
"""

FOLDERS = """
import os, sys
from huggingface_hub import HfApi
api = HfApi()
api.create_repo(sys.argv[1], repo_type="dataset")
api.upload_folder(repo_id=sys.argv[1], repo_type="dataset", folder_path=sys.argv[2])
folder = api.snapshot_download(sys.argv[1], repo_type="dataset")
found = [os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names]
for name in sorted(found):
    assert name == ".gitattributes" or open(f"{folder}/{name}", "rb").read() == open(f"{sys.argv[2]}/{name}", "rb").read()
print(len(found))
"""


@pytest.fixture(scope="module", params=["", "&presign=true"], ids=["through", "past"])
def hub(
    request: pytest.FixtureRequest, fresh_backends: Callable[..., Backends], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Node]:
    """A hub whose clients send bytes through the server, then one whose clients send them past it."""
    node = Node(tmp_path_factory.mktemp("hub"), fresh_backends(request.param), workers="2")
    node.administer()
    node.start()
    yield node
    node.stop()


@pytest.fixture
def big_file(tmp_path: Path) -> tuple[Path, str]:
    """A file no other test has, and its SHA-256."""
    data = os.urandom(MEGABYTES * 2**20)
    (tmp_path / "big.bin").write_bytes(data)
    return tmp_path / "big.bin", hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("disabled", ["0", "1"], ids=["xet", "no-xet"])
def test_a_large_file_goes_up_and_comes_down(hub: Node, big_file: tuple[Path, str], disabled: str) -> None:
    local, digest = big_file
    repository = f"{USER}/large-{disabled}"
    hub.python(UPLOAD, repository, "big.bin", str(local), HF_HUB_DISABLE_XET=disabled)
    for other in ("0", "1"):
        assert hub.python(DOWNLOAD, repository, "big.bin", HF_HUB_DISABLE_XET=other) == digest


def test_a_folder_goes_up_and_comes_down(hub: Node, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    for number in range(30):
        path = folder / f"part-{number % 3}" / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % number * 1000)
    (folder / "data.parquet").write_bytes(os.urandom(3_000_000))
    assert hub.python(FOLDERS, f"{USER}/folder", str(folder)) == "32"


def test_git_and_git_lfs(hub: Node, tmp_path: Path) -> None:
    with hub.client() as http:
        http.post("/api/repos/create", json={"name": "git", "type": "model"}).raise_for_status()
    config = tmp_path / "gitconfig"
    environment = os.environ | {
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }

    def git(where: Path, *words: str) -> str:
        return output(["git", *words], environment, where)

    for name, value in {"user.name": USER, "user.email": f"{USER}@example.org"}.items():
        git(tmp_path, "config", "--global", name, value)
    git(tmp_path, "lfs", "install", "--skip-repo")
    address = hub.url.replace("http://", f"http://{USER}:{TOKEN}@") + f"/{USER}/git"
    git(tmp_path, "clone", "-q", address, "one")
    one, data = tmp_path / "one", os.urandom(6_000_000)
    (one / "model.bin").write_bytes(data)
    (one / "large.txt").write_bytes(b"x" * 200_000)
    git(one, "lfs", "track", "*.bin")
    git(one, "add", ".")
    git(one, "commit", "-q", "-m", "Add weights")
    git(one, "push", "-q", "origin", "main")
    git(tmp_path, "clone", "-q", address, "two")
    assert (tmp_path / "two" / "model.bin").read_bytes() == data
    assert (tmp_path / "two" / "large.txt").read_bytes() == b"x" * 200_000
    git(tmp_path / "two", "fsck", "--strict")
    digest = hashlib.sha256(data).hexdigest()
    assert hub.python(DOWNLOAD, f"{USER}/git", "model.bin") == digest


def test_sixteen_writers_make_one_line_of_commits(hub: Node) -> None:
    repository = f"{USER}/line"
    with hub.client() as http:
        http.post("/api/repos/create", json={"name": "line", "type": "model"}).raise_for_status()

        def commit(path: str, parent: str | None = None) -> int:
            header = {"summary": path} | ({"parentCommit": parent} if parent else {})
            value = {"path": path, "content": "x", "encoding": "utf-8"}
            lines = [{"key": "header", "value": header}, {"key": "file", "value": value}]
            body = "\n".join(json.dumps(line) for line in lines)
            kind = {"Content-Type": "application/x-ndjson"}
            return http.post(f"/api/models/{repository}/commit/main", content=body, headers=kind).status_code

        with ThreadPoolExecutor(16) as writers:
            assert list(writers.map(commit, [f"free-{n}" for n in range(16)])) == [200] * 16
            parent = http.get(f"/api/models/{repository}").json()["sha"]
            statuses = sorted(writers.map(lambda n: commit(f"bound-{n}", parent), range(16)))
        assert statuses == [200] + [412] * 15
        history = http.get(f"/api/models/{repository}/commits/main").json()
        assert len(history) == 18
        assert len(http.get(f"/api/models/{repository}/tree/main").json()) == 18
    address = f"{hub.url.replace('http://', f'http://{USER}:{TOKEN}@')}/{repository}"
    bare = hub.root / "line.git"
    output(["git", "clone", "-q", "--bare", address, str(bare)], dict(os.environ))
    assert len(output(["git", "rev-list", "main"], dict(os.environ), bare).splitlines()) == 18
    assert output(["git", "rev-list", "--min-parents=2", "main"], dict(os.environ), bare) == ""


def test_nothing_but_caches_is_on_the_disk(hub: Node) -> None:
    assert {path.name for path in hub.data.iterdir()} <= {"cache"}


def test_search_in_english_and_chinese(hub: Node) -> None:
    with hub.client() as http:
        for name, text in {"poems": "Classical poems of the Tang dynasty", "shici": "唐代诗词语料库"}.items():
            http.post("/api/repos/create", json={"name": name, "type": "dataset"}).raise_for_status()
            card = f"---\nlicense: mit\n---\n# {name}\n\n{text}\n"
            lines = [
                {"key": "header", "value": {"summary": "Describe"}},
                {"key": "file", "value": {"path": "README.md", "content": card, "encoding": "utf-8"}},
            ]
            body = "\n".join(json.dumps(line) for line in lines)
            kind = {"Content-Type": "application/x-ndjson"}
            address = f"/api/datasets/{USER}/{name}/commit/main"
            http.post(address, content=body, headers=kind).raise_for_status()

        def found(words: str) -> list[str]:
            return [item["id"] for item in http.get("/api/datasets", params={"search": words}).json()]

        assert found("tang dynasty") == [f"{USER}/poems"]
        assert found("诗词") == [f"{USER}/shici"]
        assert found("宋代") == []


def test_what_is_deleted_is_freed_and_the_rest_is_sound(hub: Node, big_file: tuple[Path, str]) -> None:
    local, digest = big_file
    for name in ("kept", "gone"):
        hub.python(UPLOAD, f"{USER}/{name}", "big.bin", str(local))
    (local.parent / "other.bin").write_bytes(os.urandom(5_000_000))
    hub.python(UPLOAD, f"{USER}/gone", "other.bin", str(local.parent / "other.bin"))
    with hub.client() as http:
        http.request("DELETE", "/api/repos/delete", json={"name": "gone", "type": "model"}).raise_for_status()
    report = hub.gc()
    assert (report["files"], 5_000_000 <= report["bytes"] < 6_000_000) == (1, True)
    assert hub.gc()["files"] == 0
    assert hub.python(DOWNLOAD, f"{USER}/kept", "big.bin") == digest
    assert hub.problems() == []
