"""Knowing the SHA-256, git SHA-1, Xet hash or upload id of a private file gives a stranger nothing, on any path."""

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import httpx
import pytest
from bench.server import Server

from commonground.store.xet.hashing import chunk_hash, file_hash, from_hex, to_hex, verification_hash
from commonground.store.xet.shard import Term
from commonground.store.xet.shard_writer import serialize_shard, shard_file
from tests.system.conftest import User, _user, file, pointer

_number = count()


@dataclass
class Secret:
    """A private file of alice's and every name mallory could know it by."""

    repository: str
    data: bytes
    sha256: str
    xet_hash: str
    xorb_hash: str
    commit: str
    blob: str


@pytest.fixture
def secret(alice: User) -> Secret:
    repository = alice.create(f"secret-{next(_number)}")
    data = os.urandom(5_000)
    oid = alice.lfs_upload(repository, "secret.bin", data)
    [entry] = [e for e in alice.http.get(f"/api/models/{repository}/tree/main").json() if e["path"] == "secret.bin"]
    info = alice.http.get(f"/api/models/{repository}").json()
    cas, headers = _cas(alice, repository, "read")
    plan = httpx.get(f"{cas}/v1/reconstructions/{entry['xetHash']}", headers=headers).json()
    return Secret(repository, data, oid, entry["xetHash"], plan["terms"][0]["hash"], info["sha"], entry["oid"])


@pytest.fixture(params=["stranger", "narrow token"])
def mallory(request: pytest.FixtureRequest, server: Server, alice: User) -> Iterator[User]:
    """Who must get nothing: another account, and a token of alice's own that was made for one other repository."""
    if request.param == "stranger":
        yield from _user(server, "mallory")
        return
    lair = alice.create(f"lair-{next(_number)}")
    scope = {"permission": "repo.write", "target": f"model:{lair}"}
    asked = {"name": lair, "role": "fine-grained", "scopes": [scope]}
    token = alice.http.post("/api/cg/v1/tokens", json=asked).json()["text"]
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as http:
        yield Narrow("alice", token, http, lair)


@dataclass
class Narrow(User):
    """A caller who may write to one repository and see no other."""

    lair: str


@pytest.fixture
def lair(mallory: User) -> str:
    return mallory.lair if isinstance(mallory, Narrow) else mallory.create(f"lair-{next(_number)}")


def _cas(user: User, repository: str, right: str) -> tuple[str, Mapping[str, str]]:
    answer = user.http.get(f"/api/models/{repository}/xet-{right}-token/main").json()
    return answer["casUrl"], {"Authorization": f"Bearer {answer['accessToken']}"}


def _has_nothing(mallory: User, lair: str, secret: Secret) -> None:
    for path in ("secret.bin", "stolen.bin"):
        answer = mallory.http.get(f"/{lair}/resolve/main/{path}", follow_redirects=True)
        assert secret.data not in answer.content


def test_the_repository_looks_absent(mallory: User, anonymous: httpx.Client, secret: Secret) -> None:
    for path in (
        f"/api/models/{secret.repository}",
        f"/api/models/{secret.repository}/tree/main",
        f"/{secret.repository}/resolve/main/secret.bin",
        f"/{secret.repository}/resolve/{secret.commit}/secret.bin",
        f"/{secret.repository}/raw/main/secret.bin",
        f"/api/models/{secret.repository}/xet-read-token/main",
        f"/api/models/{secret.repository}/commits/main",
    ):
        assert mallory.http.get(path).status_code == 404, path
        assert anonymous.get(path).status_code == 401, path


def test_lfs_does_not_say_already_stored(mallory: User, lair: str, secret: Secret) -> None:
    [answer] = mallory.lfs_batch(lair, "upload", (secret.sha256, len(secret.data))).json()["objects"]
    assert "upload" in answer["actions"], "a stranger must upload the bytes"


def test_lfs_does_not_hand_out_foreign_content(mallory: User, lair: str, secret: Secret) -> None:
    [answer] = mallory.lfs_batch(lair, "download", (secret.sha256, len(secret.data))).json()["objects"]
    assert answer["error"]["code"] == 404


def test_an_lfs_commit_line_by_hash_is_refused(mallory: User, lair: str, secret: Secret) -> None:
    for size in (len(secret.data), None):
        answer = mallory.commit(lair, pointer("stolen.bin", secret.sha256, size))
        assert answer.status_code == 400
        assert answer.json()["code"] == "CG-1212"
    _has_nothing(mallory, lair, secret)


def test_a_pushed_pointer_is_refused(mallory: User, server: Server, lair: str, secret: Secret, tmp_path: Path) -> None:
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{secret.sha256}\nsize {len(secret.data)}\n"
    url = f"http://mallory:{mallory.token}@127.0.0.1:{server.port}/{lair}"
    environment = os.environ | {"GIT_LFS_SKIP_SMUDGE": "1", "GIT_TERMINAL_PROMPT": "0"}

    def git(*words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        command = ["git", "-c", "user.name=m", "-c", "user.email=m@m", "-c", "filter.lfs.clean=cat", *words]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=check)

    git("clone", "-q", url, ".")
    (tmp_path / "stolen.bin").write_text(text)
    git("add", "stolen.bin")
    git("commit", "-qm", "steal")
    pushed = git("push", "--no-verify", "origin", "HEAD:main", check=False)
    assert pushed.returncode != 0
    assert secret.sha256 in pushed.stderr
    _has_nothing(mallory, lair, secret)


def test_files_of_a_foreign_repository_are_not_duplicated(mallory: User, lair: str, secret: Secret) -> None:
    body = {
        "target": {"type": "model", "name": lair},
        "files": [{"xetHash": secret.xet_hash, "sha256": secret.sha256, "filename": "stolen.bin"}],
    }
    answer = mallory.http.post(f"/api/models/{secret.repository}/lfs-files/duplicate", json=body)
    assert answer.status_code == 404
    body["target"] = {"type": "model", "name": f"mallory/{lair.split('/')[1]}"}
    answer = mallory.http.post(f"/api/models/{lair}/lfs-files/duplicate", json=body)
    assert answer.status_code >= 400 or answer.json()["failed"]
    assert mallory.commit(lair, pointer("stolen.bin", secret.sha256)).status_code == 400


def test_the_repository_is_not_duplicated(mallory: User, secret: Secret) -> None:
    body = {"repository": f"mallory/copy-{next(_number)}"}
    assert mallory.http.post(f"/api/models/{secret.repository}/duplicate", json=body).status_code == 404


def test_a_git_id_does_not_open_another_repository(mallory: User, lair: str, secret: Secret) -> None:
    for revision in (secret.commit, secret.blob):
        assert mallory.http.get(f"/api/models/{lair}/tree/{revision}").status_code == 404
        assert mallory.http.get(f"/{lair}/resolve/{revision}/secret.bin").status_code == 404


def test_a_xet_file_hash_opens_nothing(mallory: User, lair: str, secret: Secret) -> None:
    for right in ("read", "write"):
        cas, headers = _cas(mallory, lair, right)
        for version in ("v1", "v2"):
            answer = httpx.get(f"{cas}/{version}/reconstructions/{secret.xet_hash}", headers=headers)
            assert answer.status_code == 404
        assert httpx.head(f"{cas}/v1/files/{secret.xet_hash}", headers=headers).status_code == 404


def test_a_xorb_is_not_served_without_a_signed_address(mallory: User, lair: str, secret: Secret) -> None:
    cas, headers = _cas(mallory, lair, "write")
    for path in (
        f"/v1/xorbs/default/{secret.xorb_hash}",
        f"/xorbs/{secret.xorb_hash}",
        f"/v1/xorbs/{secret.xorb_hash}",
    ):
        answer = httpx.get(cas + path, headers=headers)
        assert answer.status_code in {401, 403, 404, 405}, path


def test_a_chunk_of_a_foreign_xorb_is_not_confirmed(mallory: User, alice: User, lair: str, secret: Secret) -> None:
    known = to_hex(chunk_hash(secret.data))
    cas, headers = _cas(mallory, lair, "write")
    for prefix in ("default", "default-merkledb"):
        assert httpx.get(f"{cas}/v1/chunks/{prefix}/{known}", headers=headers).status_code == 404


def test_a_shard_that_claims_a_foreign_xorb_is_refused(mallory: User, lair: str, secret: Secret) -> None:
    """Even with the right chunk hash, and so the right verification hash: the bytes were never sent."""
    chunk = chunk_hash(secret.data)
    term = Term(from_hex(secret.xorb_hash), 0, 1, len(secret.data))
    name = file_hash([(chunk, len(secret.data))])
    claimed = shard_file(name, [term], verification=[verification_hash([chunk])], sha256=bytes.fromhex(secret.sha256))
    cas, headers = _cas(mallory, lair, "write")
    for version in ("v1", "v2"):
        answer = httpx.post(f"{cas}/{version}/shards", content=serialize_shard([claimed], []), headers=headers)
        assert 400 <= answer.status_code < 500 or b"error" in answer.content
    assert mallory.commit(lair, pointer("stolen.bin", secret.sha256)).status_code == 400


def test_preupload_does_not_know_foreign_content(mallory: User, lair: str, secret: Secret) -> None:
    body = {"files": [{"path": "stolen.bin", "size": len(secret.data), "sample": ""}]}
    [answer] = mallory.http.post(f"/api/models/{lair}/preupload/main", json=body).json()["files"]
    assert not answer.get("oid")


def test_after_uploading_the_bytes_the_content_is_ones_own(mallory: User, lair: str, secret: Secret) -> None:
    """The other side of the rule: who has the bytes is served, and they are stored once."""
    mallory.lfs_upload(lair, "mine.bin", secret.data)
    answer = mallory.http.get(f"/{lair}/resolve/main/mine.bin", follow_redirects=True)
    assert hashlib.sha256(answer.content).hexdigest() == secret.sha256


def test_a_file_made_private_again_is_gone_for_strangers(alice: User, mallory: User) -> None:
    repository = alice.create(f"opened-{next(_number)}", visibility="public")
    assert alice.commit(repository, file("a.txt", b"open")).status_code == 200
    assert mallory.http.get(f"/{repository}/resolve/main/a.txt").status_code == 200
    assert alice.http.put(f"/api/models/{repository}/settings", json={"visibility": "private"}).status_code == 200
    assert mallory.http.get(f"/{repository}/resolve/main/a.txt").status_code == 404
