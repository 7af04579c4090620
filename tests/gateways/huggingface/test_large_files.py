"""Large files over HTTP: how they are described, listed, shared and deleted."""

from hashlib import sha256
from typing import Any

from tests.gateways.huggingface.hub import Hub, file, on_a_hub

CONTENT = b"weights" * 1000
OID = sha256(CONTENT).hexdigest()
API = "/api/models/alice/bert"


def pointer(path: str, oid: str = OID) -> dict[str, Any]:
    return {"key": "lfsFile", "value": {"path": path, "algo": "sha256", "oid": oid, "size": len(CONTENT)}}


async def upload(hub: Hub, content: bytes = CONTENT, repository: str = "alice/bert") -> str:
    """Send content the way a client without Xet does; its SHA-256."""
    oid = sha256(content).hexdigest()
    batch = {"operation": "upload", "transfers": ["basic"], "objects": [{"oid": oid, "size": len(content)}]}
    answer = await hub.alice.post(f"/{repository}.git/info/lfs/objects/batch", json=batch)
    action = answer.json()["objects"][0]["actions"]["upload"]
    sent = await hub.nobody.put(action["href"], content=content, headers=action.get("header", {}))
    assert sent.status_code == 200, sent.text
    return oid


async def with_a_large_file(hub: Hub, path: str = "m.bin") -> str:
    await hub.repository()
    await upload(hub)
    return await hub.commit("alice/bert", pointer(path), file("a.txt", "hello"))


@on_a_hub
async def test_the_headers_of_a_large_file_lead_to_its_content(hub: Hub) -> None:
    commit = await with_a_large_file(hub)
    answer = await hub.nobody.head("/alice/bert/resolve/main/m.bin")
    assert answer.headers["x-linked-etag"] == answer.headers["etag"] == f'"{OID}"'
    assert answer.headers["x-linked-size"] == answer.headers["content-length"] == str(len(CONTENT))
    assert len(answer.headers["x-xet-hash"]) == 64
    assert answer.links["xet-auth"]["url"] == f"http://hub.test{API}/xet-read-token/{commit}"
    assert (await hub.nobody.get("/alice/bert/resolve/main/m.bin")).content == CONTENT
    part = await hub.nobody.get("/alice/bert/resolve/main/m.bin", headers={"Range": "bytes=7-13"})
    assert (part.status_code, part.content) == (206, b"weights")
    raw = await hub.nobody.get("/alice/bert/raw/main/m.bin")
    assert raw.text == f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize {len(CONTENT)}\n"


@on_a_hub
async def test_a_xet_token_comes_in_the_body_and_in_headers(hub: Hub) -> None:
    await with_a_large_file(hub)
    answer = await hub.nobody.get(f"{API}/xet-read-token/main")
    body = answer.json()
    assert body["casUrl"] == answer.headers["x-xet-cas-url"] == "http://hub.test/xet"
    assert body["accessToken"] == answer.headers["x-xet-access-token"]
    assert str(body["exp"]) == answer.headers["x-xet-token-expiration"]
    xet_hash = (await hub.nobody.head("/alice/bert/resolve/main/m.bin")).headers["x-xet-hash"]
    bearer = {"Authorization": f"Bearer {body['accessToken']}"}
    plan = await hub.nobody.get(f"/xet/v1/reconstructions/{xet_hash}", headers=bearer)
    assert (plan.status_code, sum(term["unpacked_length"] for term in plan.json()["terms"])) == (200, len(CONTENT))


@on_a_hub
async def test_listings_carry_both_hashes(hub: Hub) -> None:
    await with_a_large_file(hub)
    entry = (await hub.nobody.get(f"{API}/tree/main")).json()[-1]
    assert (entry["path"], entry["size"]) == ("m.bin", len(CONTENT))
    assert entry["lfs"] == {"oid": OID, "size": len(CONTENT), "pointerSize": 129}
    assert len(entry["xetHash"]) == 64
    sibling = (await hub.nobody.get(f"{API}?blobs=true")).json()["siblings"][-1]
    assert sibling["lfs"] == {"sha256": OID, "size": len(CONTENT), "pointerSize": 129}


@on_a_hub
async def test_large_files_are_listed_with_a_ref_that_has_them(hub: Hub) -> None:
    await with_a_large_file(hub)
    other = await upload(hub, b"other")
    await hub.alice.post(f"{API}/branch/dev")
    line = {"key": "lfsFile", "value": {"path": "o.bin", "algo": "sha256", "oid": other}}
    assert (await hub.send_commit("alice/bert", line, revision="dev")).status_code == 200
    assert (await hub.bob.get(f"{API}/lfs-files")).status_code == 403
    items = {item["filename"]: item for item in (await hub.alice.get(f"{API}/lfs-files")).json()}
    assert (items["m.bin"]["ref"], items["o.bin"]["ref"]) == ("refs/heads/main", "refs/heads/dev")
    assert (items["m.bin"]["fileOid"], items["m.bin"]["pusher"]["user"]) == (OID, "alice")
    first = await hub.alice.get(f"{API}/lfs-files?limit=1")
    rest = await hub.alice.get(first.links["next"]["url"])
    assert {item["filename"] for item in first.json() + rest.json()} == {"m.bin", "o.bin"}


@on_a_hub
async def test_a_deleted_large_file_leaves_every_ref_and_its_history(hub: Hub) -> None:
    old = await with_a_large_file(hub, "deep/folder/m.bin")
    await hub.alice.post(f"{API}/tag/main", json={"tag": "v1", "message": "One"})
    await hub.commit("alice/bert", file("b.txt", "later"), summary="Later")
    body = {"deletions": {"sha": [OID], "rewriteHistory": True}}
    assert (await hub.bob.post(f"{API}/lfs-files/batch", json=body)).status_code == 403
    assert (await hub.alice.post(f"{API}/lfs-files/batch", json=body)).status_code == 200
    for revision, files in (("main", {".gitattributes", "a.txt", "b.txt"}), ("v1", {".gitattributes", "a.txt"})):
        tree = (await hub.alice.get(f"{API}/tree/{revision}?recursive=true")).json()
        assert {item["path"] for item in tree} == files
    history = (await hub.alice.get(f"{API}/commits/main")).json()
    assert [item["title"] for item in history] == ["Later", "Change files", "initial commit"]
    assert (await hub.alice.get(f"{API}/revision/{old}")).status_code == 404
    assert (await hub.alice.get(f"{API}/lfs-files")).json() == []
    assert (await hub.alice.get(API)).json()["siblings"][1:] == [{"rfilename": "a.txt"}, {"rfilename": "b.txt"}]


@on_a_hub
async def test_without_rewriting_the_name_stays_and_the_content_goes(hub: Hub) -> None:
    head = await with_a_large_file(hub)
    assert (await hub.alice.delete(f"{API}/lfs-files/{OID}?rewriteHistory=false")).status_code == 200
    assert (await hub.alice.get(API)).json()["sha"] == head
    assert (await hub.alice.get("/alice/bert/resolve/main/m.bin")).status_code == 404


@on_a_hub
async def test_content_can_be_shared_with_another_repository(hub: Hub) -> None:
    await with_a_large_file(hub)
    await hub.repository("copy")
    files = [{"sha256": OID, "filename": "m.bin"}, {"sha256": "0f" * 32, "filename": "x"}]
    body = {"target": {"type": "model", "name": "alice/copy"}, "files": files}
    answer = (await hub.alice.post(f"{API}/lfs-files/duplicate", json=body)).json()
    assert [item["sha256"] for item in answer["success"]] == [OID]
    assert [item["sha256"] for item in answer["failed"]] == ["0f" * 32]
    await hub.commit("alice/copy", pointer("n.bin"))
    assert (await hub.nobody.get("/alice/copy/resolve/main/n.bin")).content == CONTENT
    assert (await hub.bob.post(f"{API}/lfs-files/duplicate", json=body)).status_code == 403


@on_a_hub
async def test_a_hash_is_not_a_key(hub: Hub) -> None:
    await hub.repository(private=True)
    await upload(hub)
    await hub.commit("alice/bert", pointer("m.bin"))
    await hub.bob.post("/api/repos/create", json={"name": "mine"})
    body = b'{"key":"header","value":{"summary":"x"}}\n{"key":"lfsFile","value":{"path":"m","oid":"%s"}}' % OID.encode()
    answer = await hub.bob.post("/api/models/bob/mine/commit/main", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "CG-1212")
