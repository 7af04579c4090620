"""What a reader of archives meets: addresses, ranges, tags, permissions, refusals."""

import io
import tarfile
import zipfile

import httpx
import pytest

from commonground.hub.repositories.model import Repository
from tests.gateways.archive.conftest import FILES, WEIGHTS, fill
from tests.gateways.git.server import Hub


def _get(hub: Hub, path: str, user: str | None = None, **headers: str) -> httpx.Response:
    with hub.client(user) as client:
        return client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def _names(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getnames()


def test_every_format(hub: Hub, filled: Repository) -> None:
    base, top = f"{filled.full_name}/archive/main", f"{filled.name}-main"
    for name, media_type in {
        "a.tar.gz": "application/gzip",
        "b.tgz": "application/gzip",
        "c.tar": "application/x-tar",
        "d.zip": "application/zip",
    }.items():
        answer = _get(hub, f"{base}/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == media_type
        assert answer.headers["content-length"] == str(len(answer.content))
        assert f'filename="{name}"' in answer.headers["content-disposition"]
        assert len(answer.headers["x-repo-commit"]) == 40
        if media_type == "application/zip":
            with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
                assert archive.testzip() is None
                assert archive.read(f"{top}/weights/model.safetensors") == WEIGHTS
        else:
            assert _names(answer.content)[:2] == [top, f"{top}/.gitattributes"]


def test_a_folder_by_query_and_by_path(hub: Hub, filled: Repository) -> None:
    base = f"{filled.full_name}/archive/main"
    by_query = _get(hub, f"{base}/x.tar?path=weights&top=")
    assert _names(by_query.content) == ["model.safetensors", "notes.txt"]
    by_path = _get(hub, f"{base}/weights/x.tar")
    assert _names(by_path.content) == [
        f"{filled.name}-main-weights",
        f"{filled.name}-main-weights/model.safetensors",
        f"{filled.name}-main-weights/notes.txt",
    ]


def test_every_revision_has_its_archive(hub: Hub, filled: Repository) -> None:
    commit = _get(hub, f"{filled.full_name}/archive/main/x.zip").headers["x-repo-commit"]
    named = _get(hub, f"{filled.full_name}/archive/{commit}/x.tar")
    assert _names(named.content)[0] == f"{filled.name}-{commit}"
    full = _get(hub, f"{filled.full_name}/archive/refs%2Fheads%2Fmain/x.tar")
    assert _names(full.content)[0] == f"{filled.name}-refs-heads-main"


def test_other_kinds(hub: Hub) -> None:
    made = hub.create("archived-data", kind="dataset")
    answer = _get(hub, f"datasets/{made.full_name}/archive/main/x.tar")
    assert _names(answer.content)[0] == "archived-data-main"
    assert _get(hub, f"{made.full_name}/archive/main/x.tar", "ada").status_code == 404


def test_head_ranges_and_tags(hub: Hub, filled: Repository) -> None:
    address = f"{filled.full_name}/archive/main/x.tar.gz"
    with hub.client(None) as client:
        head = client.head(address)
        whole = client.get(address)
        assert head.status_code == 200
        assert head.content == b""
        assert head.headers["content-length"] == str(len(whole.content))
        assert head.headers["accept-ranges"] == "bytes"
        tag = head.headers["etag"]
        assert whole.headers["etag"] == tag
        part = client.get(address, headers={"Range": "bytes=1000000-", "If-Range": tag})
        assert part.status_code == 206
        assert part.content == whole.content[1_000_000:]
        changed = client.get(address, headers={"Range": "bytes=10-", "If-Range": '"other"'})
        assert changed.status_code == 200
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
        behind = client.get(address, headers={"Range": f"bytes={len(whole.content)}-"})
        assert (behind.status_code, behind.json()["code"]) == (416, "CG-1005")


@pytest.mark.parametrize("path", ["x.tar.bz2", "x", "a.zip/x"])
def test_no_archive(hub: Hub, filled: Repository, path: str) -> None:
    answer = _get(hub, f"{filled.full_name}/archive/main/{path}")
    assert (answer.status_code, answer.json()["code"]) == (400, "CG-1001")


@pytest.mark.parametrize(
    ("tail", "status", "code"),
    [
        ("other/x.zip", 404, "CG-1203"),
        ("main/nowhere/x.zip", 404, "CG-1204"),
        ("main/config.json/x.zip", 404, "CG-1204"),
        ("main/x.zip?path=../..", 404, "CG-1204"),
        ("main/x.zip?top=a/b", 400, "CG-1001"),
        ("main/x.zip?top=..", 400, "CG-1001"),
        ("main/x.zip?top=%00", 400, "CG-1001"),
        ("main/a/x.zip?path=b", 400, "CG-1001"),
        ("%FF/x.zip", 400, "CG-1001"),
    ],
)
def test_refusals(hub: Hub, filled: Repository, tail: str, status: int, code: str) -> None:
    answer = _get(hub, f"{filled.full_name}/archive/{tail}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_private_repository_looks_absent(hub: Hub) -> None:
    private = hub.create("private-archive", visibility="private")
    fill(hub, private, FILES)
    for name in (private.full_name, "ada/no-such-repository"):
        path = f"{name}/archive/main/x.tar"
        anonymous, foreign = _get(hub, path), _get(hub, path, "eve")
        assert (anonymous.status_code, anonymous.json()["code"]) == (401, "CG-1101")
        assert anonymous.headers["www-authenticate"].startswith("Basic")
        assert (foreign.status_code, foreign.json()["code"]) == (404, "CG-1201")
    assert _get(hub, f"{private.full_name}/archive/main/x.tar", "ada").status_code == 200


def test_a_link_opens_a_private_repository(hub: Hub) -> None:
    private = hub.create("linked-archive", visibility="private")
    fill(hub, private, FILES)
    with hub.client() as client:
        made = client.post(f"api/cg/v1/repositories/models/{private.full_name}/links", json={})
    assert made.status_code in {200, 201}
    token = made.json()["token"]
    answer = _get(hub, f"{private.full_name}/archive/main/x.tar?token={token}")
    assert _names(answer.content)[0] == "linked-archive-main"


def test_an_old_name_leads_to_the_new_one(hub: Hub) -> None:
    moved = hub.create("archive-before")
    with hub.client() as client:
        api = f"api/cg/v1/repositories/models/{moved.full_name}/move"
        assert client.post(api, json={"owner": "ada", "name": "archive-after"}).status_code == 200
        answer = client.get(f"{moved.full_name}/archive/main/x.tar?top=t")
        assert answer.status_code == 307
        assert answer.headers["location"] == "/ada/archive-after/archive/main/x.tar?top=t"
