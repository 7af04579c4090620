"""Content first, then the commit: what arrives is what was announced, and a hash is not a key."""

import hashlib
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from commonground.hub.repositories.model import Repository
from tests.gateways.git.server import Hub

DATA = b"\0" + b"weights" * 20_000
OID = hashlib.sha256(DATA).hexdigest()


def batch(hub: Hub, repository: Repository, *objects: tuple[str, int], user: str = "ada") -> dict[str, str | None]:
    """By oid: where to send it, ``None`` for what is there."""
    body = {"operation": "upload", "objects": [{"oid": oid, "size": size} for oid, size in objects]}
    answer = hub.client(user).post(f"/api/v1/repos/models/{repository.full_name}/info/lfs/objects/batch", json=body)
    assert answer.status_code == 200, answer.text
    return {item["oid"]: item["actions"].get("upload", {}).get("href") for item in answer.json()["Data"]["objects"]}


def put(hub: Hub, address: str, data: bytes) -> httpx.Response:
    parts = urlsplit(address)
    return hub.client(None).put(f"{parts.path}?{parts.query}", content=data)


def commit(
    hub: Hub, repository: Repository, *actions: dict[str, Any], user: str = "ada", **more: Any
) -> httpx.Response:
    place = f"/api/v1/repos/models/{repository.full_name}/commit/{more.pop('revision', 'master')}"
    return hub.client(user).post(place, json={"actions": list(actions), **more})


def lfs(path: str, oid: str = OID, size: int = len(DATA)) -> dict[str, Any]:
    return {"action": "create", "path": path, "type": "lfs", "sha256": oid, "size": size}


def test_content_is_sent_once(hub: Hub, repository: Repository) -> None:
    data = DATA + b"once"
    oid = hashlib.sha256(data).hexdigest()
    address = batch(hub, repository, (oid, len(data)))[oid]
    assert address
    assert put(hub, address, data).json()["Success"] is True
    assert batch(hub, repository, (oid, len(data)))[oid] is None
    assert commit(hub, repository, lfs("w.bin", oid, len(data))).status_code == 200
    got = hub.client().get(f"/api/v1/models/{repository.full_name}/repo?FilePath=w.bin")
    assert (got.content, got.headers["X-Linked-ETag"]) == (data, f'"{oid}"')


def test_what_was_not_announced_is_refused(hub: Hub, repository: Repository) -> None:
    data = DATA + b"announced"
    oid = hashlib.sha256(data).hexdigest()
    address = batch(hub, repository, (oid, len(data)))[oid]
    assert address
    for wrong in (data[:-1] + b"x", data[:-1], data + b"x"):
        answer = put(hub, address, wrong)
        assert answer.status_code in {400, 413}
        assert answer.json()["Success"] is False
    assert batch(hub, repository, (oid, len(data)))[oid]
    refused = commit(hub, repository, lfs("w.bin", oid, len(data)))
    assert (refused.status_code, refused.json()["ErrorCode"]) == (400, "CG-1212")
    assert put(hub, address.replace("token=", "token=x"), data).status_code == 401
    assert put(hub, address.partition("?")[0], data).status_code == 401


def test_a_hash_is_not_a_key(hub: Hub, repository: Repository) -> None:
    """eve knows the SHA-256 of ada's private weights, and that is all she has."""
    private = hub.create("weights-of-ada", visibility="private")
    data = DATA + b"private"
    oid = hashlib.sha256(data).hexdigest()
    address = batch(hub, private, (oid, len(data)))[oid]
    assert address
    assert put(hub, address, data).status_code == 200
    assert commit(hub, private, lfs("w.bin", oid, len(data))).status_code == 200
    assert hub.client("eve").post("/api/v1/models", json={"Path": "eve", "Name": "lair"}).status_code == 200
    place = "/api/v1/repos/models/eve/lair"
    objects = {"objects": [{"oid": oid, "size": len(data)}]}
    [item] = hub.client("eve").post(f"{place}/info/lfs/objects/batch", json=objects).json()["Data"]["objects"]
    assert item["actions"]["upload"]["href"]
    stolen = hub.client("eve").post(f"{place}/commit/master", json={"actions": [lfs("w.bin", oid, len(data))]})
    assert stolen.json()["ErrorCode"] == "CG-1212"


def test_a_commit_is_all_or_nothing(hub: Hub, repository: Repository) -> None:
    good = {"action": "create", "path": "good.txt", "content": "aGk=", "encoding": "base64"}
    for bad in (
        {"action": "create", "path": "bad.txt", "content": "%%%", "encoding": "base64"},
        {"action": "create", "path": "../bad.txt"},
        {"action": "delete", "path": "none"},
        lfs("bad.bin", "0" * 64, 3),
        lfs("bad.bin", "zz", 3),
        good,
    ):
        answer = commit(hub, repository, good, bad)
        assert 400 <= answer.status_code < 500
    listed = hub.client().get(f"/api/v1/models/{repository.full_name}/repo/files").json()["Data"]["Files"]
    assert [file["Path"] for file in listed] == [".gitattributes"]


def test_messages_and_branches(hub: Hub, repository: Repository) -> None:
    client, name = hub.client(), repository.full_name
    assert client.post(f"/api/models/{name}/branch/feature%2Fone", json={}).status_code == 201
    change = {"action": "update", "path": "a.txt", "content": "hi"}
    done = commit(hub, repository, change, commit_message="Say hi\n\nAs people do.", revision="feature/one")
    assert done.status_code == 200, done.text
    [last, *_] = client.get(f"/api/models/{name}/commits/feature%2Fone").json()
    assert (last["title"], last["message"], last["id"]) == ("Say hi", "As people do.", done.json()["Data"]["commit_id"])
    assert client.get(f"/api/v1/models/{name}/repo?FilePath=a.txt&Revision=feature/one").text == "hi"
    assert client.get(f"/api/v1/models/{name}/repo?FilePath=a.txt").status_code == 404
    assert commit(hub, repository, change, revision="none").status_code == 404


def test_bodies_are_bounded(hub: Hub, repository: Repository) -> None:
    name = repository.full_name
    many = [{"action": "create", "path": f"{number}.txt"} for number in range(2001)]
    assert commit(hub, repository, *many).status_code == 400
    huge = b'{"actions": [], "commit_message": "' + b"x" * 2**25 + b'"}'
    assert hub.client().post(f"/api/v1/repos/models/{name}/commit/main", content=huge).status_code == 413
    objects = [{"oid": f"{number:064x}", "size": 1} for number in range(1001)]
    place = f"/api/v1/repos/models/{name}/info/lfs/objects/batch"
    assert hub.client().post(place, json={"objects": objects}).status_code == 400


@pytest.mark.parametrize(("mode", "gated"), [(1, "manual"), (2, False), (None, False)])
def test_gated_repositories(hub: Hub, mode: int | None, gated: str | bool) -> None:
    body = {"Path": "ada", "Name": f"gated-{mode}", "Visibility": 1, "ProtectedMode": mode}
    assert hub.client().post("/api/v1/models", json=body).status_code == 200
    shown = hub.client().get(f"/api/models/ada/gated-{mode}").json()
    assert (shown["gated"], shown["private"]) == (gated, True)
