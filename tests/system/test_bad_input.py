"""Hostile requests get a clear 4xx with a code, and leave nothing behind."""

import json
import unicodedata
from itertools import count

import httpx
import pytest

from tests.system.conftest import User, file, pointer

_number = count()


@pytest.fixture
def repository(alice: User) -> str:
    return alice.create(f"bad-input-{next(_number)}")


def _head(alice: User, repository: str) -> str:
    return str(alice.http.get(f"/api/models/{repository}").json()["sha"])


def _is_refused(answer: httpx.Response, *statuses: int) -> None:
    assert answer.status_code in (statuses or (400, 404, 409, 412, 413, 422)), answer.text
    body = answer.json()
    assert body["error"]
    assert body["code"].startswith("CG-")


@pytest.mark.parametrize(
    "path",
    [
        "../escape",
        "a/../../b",
        "/absolute",
        "a//b",
        "a/./b",
        ".",
        "..",
        "",
        "nul\0byte",
        ".git/config",
        "a/.git/hooks/x",
        ".GIT/config",
        ".git\u200c/config",
        "git~1/config",
        "bell\x07",
        "x" * 256,
        "/".join(["y" * 200] * 30),
    ],
    ids=lambda path: repr(path)[:24],
)
def test_an_unsafe_path_is_refused_and_nothing_is_written(alice: User, repository: str, path: str) -> None:
    before = _head(alice, repository)
    _is_refused(alice.commit(repository, file("fine.txt", b"x"), file(path, b"x")), 400, 422)
    assert _head(alice, repository) == before


@pytest.mark.parametrize(
    "path",
    [
        "中文/文件.txt",
        "émoji 🤗.txt",
        "name with spaces",
        "x" * 255,
        "a" * 80 + "/" + "b" * 80,
        "percent%2Fname",
        "q?#.txt",
    ],
)
def test_an_unusual_path_is_kept_as_it_is(alice: User, repository: str, path: str) -> None:
    assert alice.commit(repository, file(path, b"content")).status_code == 200
    tree = alice.http.get(f"/api/models/{repository}/tree/main", params={"recursive": "true"}).json()
    assert path in [entry["path"] for entry in tree]
    url = httpx.URL(str(alice.http.base_url)).copy_with(raw_path=_resolve(repository, path))
    assert alice.http.get(url).content == b"content"


def _resolve(repository: str, path: str) -> bytes:
    from urllib.parse import quote

    return f"/{repository}/resolve/main/{quote(path)}".encode()


def test_twins_by_case_and_form_are_two_files(alice: User, repository: str) -> None:
    composed, decomposed = "é.txt", unicodedata.normalize("NFD", "é.txt")
    lines = [file("A.txt", b"1"), file("a.txt", b"2"), file(composed, b"3"), file(decomposed, b"4")]
    assert alice.commit(repository, *lines).status_code == 200
    tree = alice.http.get(f"/api/models/{repository}/tree/main").json()
    assert {"A.txt", "a.txt", composed, decomposed} <= {entry["path"] for entry in tree}


@pytest.mark.parametrize(
    "raw", ["%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%2f..%2fetc/passwd", "a%00b", "%ff%fe", ".git%2fconfig"]
)
def test_an_unsafe_path_in_an_address_is_refused(alice: User, repository: str, raw: str) -> None:
    url = httpx.URL(str(alice.http.base_url)).copy_with(raw_path=f"/{repository}/resolve/main/{raw}".encode())
    _is_refused(alice.http.get(url), 400, 404)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'{"key": "header"}',
        b'{"key":"header","value":{"summary":1}}',
        b'{"key":"file","value":{"path":"a","content":"","encoding":"base64"}}',
        b'{"key":"header","value":{"summary":"x"}}\n{"key":"file","value":{"path":"a","content":"***","encoding":"base64"}}',
        b'{"key":"header","value":{"summary":"x"}}\n{"key":"file","value":{"path":"a","content":"eA==","encoding":"rot13"}}',
        b'{"key":"header","value":{"summary":"x"}}\n{"key":"unknownOperation","value":{}}',
        b'{"key":"header","value":{"summary":"x"}}\n' + b"[" * 100_000 + b"]" * 100_000,
        b'{"key":"header","value":{"summary":"x"}}\n{"key":"lfsFile","value":{"path":"a","algo":"md5","oid":"00"}}',
        b'{"key":"header","value":{"summary":"x"}}\n\xff\xfe',
    ],
    ids=lambda body: repr(body)[-24:],
)
def test_a_malformed_commit_is_refused_and_nothing_is_written(alice: User, repository: str, body: bytes) -> None:
    before = _head(alice, repository)
    _is_refused(alice.raw_commit(repository, body), 400)
    assert _head(alice, repository) == before


@pytest.mark.parametrize(
    "lines",
    [
        [file("a", b"1"), file("a", b"2")],
        [file("a", b"1"), file("a/b", b"2")],
        [{"key": "deletedFile", "value": {"path": "missing"}}],
        [{"key": "deletedFolder", "value": {"path": "missing/"}}],
        [pointer("weights.bin", "0" * 64, 10)],
        [pointer("weights.bin", "zz", 10)],
        [pointer("weights.bin", "0" * 64, -1)],
    ],
    ids=["twice", "file-and-folder", "delete-file", "delete-folder", "missing-content", "bad-oid", "negative-size"],
)
def test_a_commit_that_cannot_be_applied_is_refused_whole(
    alice: User, repository: str, lines: list[dict[str, object]]
) -> None:
    before = _head(alice, repository)
    _is_refused(alice.commit(repository, file("fine.txt", b"x"), *lines))
    assert _head(alice, repository) == before


def test_a_stale_parent_is_412(alice: User, repository: str) -> None:
    parent = _head(alice, repository)
    assert alice.commit(repository, file("a", b"1"), header={"parentCommit": parent}).status_code == 200
    _is_refused(alice.commit(repository, file("a", b"2"), header={"parentCommit": parent}), 412)


@pytest.mark.parametrize("revision", ["nope", "0" * 40, "refs%2Fheads%2Fnope", "%2e%2e", "%00", "a" * 300, "main@{1}"])
def test_an_unknown_revision_is_404(alice: User, repository: str, revision: str) -> None:
    answer = alice.http.get(f"/api/models/{repository}/tree/{revision}")
    _is_refused(answer, 400, 404)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-x", "x" * 97, "x y", "x.git", "ü", "a\0"])
def test_a_bad_repository_name_is_refused(alice: User, name: str) -> None:
    _is_refused(alice.http.post("/api/repos/create", json={"name": name, "type": "model"}), 400)


def test_a_twin_by_case_is_refused(alice: User, repository: str) -> None:
    twin = repository.split("/")[1].upper()
    _is_refused(alice.http.post("/api/repos/create", json={"name": twin, "type": "model"}), 409)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/repos/create", b"[" * 200_000),
        ("/api/repos/create", b'{"name": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}"),
        ("/api/repos/create", b'{"name": 5}'),
        ("/api/repos/create", b'{"name": "x", "type": "castle"}'),
        ("/api/repos/create", json.dumps({"name": "x" * 5_000_000}).encode()),
        ("/api/repos/move", b'{"fromRepo": "a", "toRepo": "b"}'),
        ("/api/validate-yaml", b'{"content": "---\\na: &x [*x]\\n---", "repoType": "model"}'),
    ],
    ids=["deep-list", "deep-object", "wrong-type", "unknown-kind", "too-large", "no-owner", "yaml-alias"],
)
def test_a_malformed_body_is_4xx_in_little_time(alice: User, path: str, body: bytes) -> None:
    answer = alice.http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500 or (path.endswith("yaml") and answer.status_code == 200), answer.text
    assert answer.elapsed.total_seconds() < 2


@pytest.mark.parametrize("value", ["bytes=5-1", "bytes=a-b", "lines=1-2", "bytes=", "bytes=-"])
def test_a_malformed_range_is_ignored(alice: User, repository: str, value: str) -> None:
    alice.commit(repository, file("data.txt", b"0123456789"))
    answer = alice.http.get(f"/{repository}/resolve/main/data.txt", headers={"Range": value})
    assert (answer.status_code, answer.content) == (200, b"0123456789")


def test_a_range_behind_the_end_is_416(alice: User, repository: str) -> None:
    alice.commit(repository, file("data.txt", b"0123456789"))
    answer = alice.http.get(f"/{repository}/resolve/main/data.txt", headers={"Range": "bytes=10-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == "bytes */10"


def test_an_error_is_said_in_chinese_when_asked(alice: User) -> None:
    answer = alice.http.get("/api/models/alice/absent", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    assert "找不到仓库" in answer.json()["error"]
