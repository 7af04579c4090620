"""Requests no git client sends: malformed, hostile, or unusual."""

import gzip
import hashlib
import random
from pathlib import Path

import httpx
import pytest

from commonground.gateways.git.pktline import DELIMITER, FLUSH, text
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import ZERO
from commonground.hub.revisions.objects import BLOB, COMMIT, TREE, encode_commit, object_id
from commonground.hub.revisions.trees import FILE, encode_entry
from tests.gateways.git.server import Hub, running
from tests.gateways.git.test_unpack import make_pack, whole


def post(hub: Hub, repository: Repository, service: str, body: bytes, **headers: str) -> httpx.Response:
    given = {"Content-Type": f"application/x-{service}-request", **{k.replace("_", "-"): v for k, v in headers.items()}}
    with hub.client() as http:
        return http.post(f"/{repository.full_name}.git/{service}", content=body, headers=given)


def fetch_v2(hub: Hub, repository: Repository, *lines: str) -> bytes:
    body = text("command=fetch") + DELIMITER + b"".join(map(text, lines)) + FLUSH
    answer = post(hub, repository, "git-upload-pack", body, git_protocol="version=2")
    assert answer.status_code == 200
    return answer.content


def push(hub: Hub, repository: Repository, new: str, pack: bytes, name: str = "refs/heads/new", old: str = ZERO) -> str:
    """The report of a push that asks for no side band."""
    command = text(f"{old} {new} {name}\0report-status") + FLUSH
    answer = post(hub, repository, "git-receive-pack", command + pack)
    assert answer.status_code == 200
    return answer.text


def commit_pack(*entries: bytes, **bodies: bytes) -> tuple[str, bytes]:
    """A commit over one tree of raw entries, with files."""
    tree = b"".join(entries)
    commit = encode_commit(object_id(TREE, tree), (), "a", "b", 1, "x")
    pack = make_pack(whole(COMMIT, commit), whole(TREE, tree), *(whole(BLOB, body) for body in bodies.values()))
    return object_id(COMMIT, commit).hex(), pack


def test_an_incomplete_push_is_refused(hub: Hub, repository: Repository) -> None:
    missing = hashlib.sha1(b"missing").digest()
    sha, pack = commit_pack(encode_entry(FILE, b"a", missing))
    assert f"ng refs/heads/new object {missing.hex()} is missing" in push(hub, repository, sha, pack)
    assert "is missing" in push(hub, repository, hashlib.sha1(b"nothing").hexdigest(), make_pack())


def test_what_a_refused_push_left_does_not_complete_another_one(hub: Hub, repository: Repository) -> None:
    """Objects of a push that failed are in the database; they prove nothing about what they lead to."""
    missing = hashlib.sha1(b"still missing").digest()
    sha, pack = commit_pack(encode_entry(FILE, b"a", missing))
    assert "is missing" in push(hub, repository, sha, pack)
    assert "is missing" in push(hub, repository, sha, make_pack())
    assert f"not our ref {sha}".encode() in fetch_v2(hub, repository, f"want {sha}", "done")


def test_a_tree_in_the_place_of_a_file_is_refused(hub: Hub, repository: Repository) -> None:
    empty = object_id(TREE, b"")
    tree = encode_entry(FILE, b"a", empty)
    commit = encode_commit(object_id(TREE, tree), (), "a", "b", 1, "x")
    pack = make_pack(whole(COMMIT, commit), whole(TREE, tree), whole(TREE, b""))
    assert "ng refs/heads/new" in push(hub, repository, object_id(COMMIT, commit).hex(), pack)


@pytest.mark.parametrize("name", [b".git", b"..", b"a\\.git", b"\xff"])
def test_names_that_lead_out_are_refused(hub: Hub, repository: Repository, name: bytes) -> None:
    blob = object_id(BLOB, b"x")
    sha, pack = commit_pack(encode_entry(FILE, name, blob), file=b"x")
    report = push(hub, repository, sha, pack)
    assert report[4:].startswith("unpack object")
    assert "ng refs/heads/new" in report


def test_lfs_content_of_somebody_else_is_not_opened_by_its_hash(hub: Hub, repository: Repository) -> None:
    """Neither as a pointer in a pack, nor as a pointer that a failed push left behind."""
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:%b\nsize 5\n" % (b"ab" * 32)
    sha, pack = commit_pack(encode_entry(FILE, b"model.bin", object_id(BLOB, pointer)), file=pointer)
    assert "LFS content is missing" in push(hub, repository, sha, pack)
    assert "LFS content is missing" in push(hub, repository, sha, make_pack())


def test_a_stale_old_id_is_refused(hub: Hub, repository: Repository) -> None:
    assert repository.head is not None
    sha, pack = commit_pack()
    report = push(hub, repository, sha, pack, "refs/heads/main", ZERO)
    assert "ng refs/heads/main refs/heads/main was updated meanwhile: fetch first" in report


@pytest.mark.parametrize(
    "body",
    [
        b"zzzz",
        b"0005",
        text("nonsense") + FLUSH,
        text(f"{ZERO} {ZERO[1:]} refs/heads/x") + FLUSH,
        text("push-cert") + FLUSH,
    ],
)
def test_a_malformed_push_is_answered_with_an_error_packet(hub: Hub, repository: Repository, body: bytes) -> None:
    answer = post(hub, repository, "git-receive-pack", body)
    assert answer.status_code == 200
    assert answer.content[4:8] == b"ERR "


@pytest.mark.parametrize(
    "body",
    [
        b"zzzz",
        text("want x") + FLUSH,
        text(f"want {'a' * 40}") + text("jump 1") + FLUSH,
        text(f"want {'a' * 40}") + text("deepen many") + FLUSH,
        text(f"want {'a' * 40}") + FLUSH,
    ],
)
def test_a_malformed_fetch_is_answered_with_an_error_packet(hub: Hub, repository: Repository, body: bytes) -> None:
    answer = post(hub, repository, "git-upload-pack", body)
    assert answer.status_code == 200
    assert answer.content[4:8] == b"ERR "


def test_an_unknown_command_of_version_2_is_named(hub: Hub, repository: Repository) -> None:
    answer = post(hub, repository, "git-upload-pack", text("command=object-info") + FLUSH, git_protocol="version=2")
    assert b"ERR the git command 'object-info' is not offered" in answer.content


def test_a_simple_client_gets_a_bare_pack(hub: Hub, repository: Repository) -> None:
    """Without side band and without multiple acknowledgments, as the first clients spoke."""
    body = text(f"want {repository.head}") + FLUSH + text("done")
    answer = post(hub, repository, "git-upload-pack", body).content
    assert answer.startswith(b"0008NAK\nPACK")
    assert hashlib.sha1(answer[8:-20]).digest() == answer[-20:]


def test_negotiation_of_version_2_goes_on_until_something_is_common(hub: Hub, repository: Repository) -> None:
    want = f"want {repository.head}"
    assert fetch_v2(hub, repository, want, f"have {'a' * 40}") == text("acknowledgments") + text("NAK") + FLUSH
    answer = fetch_v2(hub, repository, want, f"have {'a' * 40}", f"have {repository.head}")
    assert answer.startswith(text("acknowledgments") + text(f"ACK {repository.head}") + text("ready") + DELIMITER)
    assert text("packfile") in answer


def test_bodies_may_be_gzip_and_no_bomb(hub: Hub, repository: Repository) -> None:
    body = gzip.compress(text("command=ls-refs") + FLUSH)
    answer = post(hub, repository, "git-upload-pack", body, git_protocol="version=2", content_encoding="gzip")
    assert b"refs/heads/main" in answer.content
    bomb = gzip.compress(b"0" * (65 * 2**20), 1)
    assert post(hub, repository, "git-upload-pack", bomb, content_encoding="gzip").status_code == 413
    for broken in (body[:-9], b"no gzip"):
        answer = post(hub, repository, "git-upload-pack", broken, content_encoding="gzip")
        assert answer.status_code == 400
        assert "gzip" in answer.text
    assert post(hub, repository, "git-upload-pack", body, content_encoding="br").status_code == 400


def test_the_dumb_protocol_is_not_offered(hub: Hub, repository: Repository) -> None:
    with hub.client(None) as http:
        answer = http.get(f"/{repository.full_name}.git/info/refs")
        assert answer.status_code == 501
        assert answer.headers["content-type"].startswith("text/plain")


def test_a_push_above_the_limit_is_refused(tmp_path: Path) -> None:
    with running(tmp_path, push_limit=100_000) as small:
        repository = small.create("small")
        noise = random.Random(1).randbytes(200_000)
        pack = make_pack(whole(BLOB, noise))
        command = text(f"{ZERO} {'a' * 40} refs/heads/x\0report-status") + FLUSH
        assert post(small, repository, "git-receive-pack", command + pack).status_code == 413
