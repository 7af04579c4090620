"""Commits of several operations: all or none."""

import hashlib
from base64 import b64encode
from typing import Any

import httpx
import pytest

from tests.gateways.native.hub import API, BERT, Hub, code, running

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def bert(hub: Hub) -> None:
    await hub.create()


async def commit(hub: Hub, *operations: dict[str, Any], **body: Any) -> httpx.Response:
    return await hub.alice.post(f"{BERT}/commits", json={"title": "Change", "operations": operations, **body})


async def content(hub: Hub, path: str, branch: str = "main") -> bytes | int:
    answer = await hub.nobody.get(f"{BERT}/files/{branch}/{path}")
    return answer.content if answer.status_code == 200 else answer.status_code


async def test_operations_happen_in_one_commit(hub: Hub) -> None:
    await hub.write("old/1", b"1")
    await hub.write("old/2", b"2")
    answer = await commit(
        hub,
        {"op": "write_text", "path": "a.txt", "text": "ä"},
        {"op": "write_bytes", "path": "run.sh", "content": b64encode(b"#!").decode(), "executable": True},
        {"op": "copy", "path": "copy", "source": "old/1"},
        {"op": "delete", "path": "old/2"},
        {"op": "delete_folder", "path": "old"},
    )
    assert answer.status_code == 201, answer.text
    assert await content(hub, "a.txt") == "ä".encode()
    assert await content(hub, "copy") == b"1"
    assert await content(hub, "old/1") == 404
    entries = (await hub.nobody.get(f"{BERT}/tree/main")).json()["items"]
    assert {entry["path"]: entry["executable"] for entry in entries}["run.sh"]
    assert len((await hub.nobody.get(f"{BERT}/commits/main")).json()["items"]) == 4


async def test_large_content_is_named_by_its_hash(hub: Hub) -> None:
    data = b"\0" * 50_000
    await hub.write("a.bin", data)
    pointer = {"op": "write_large", "path": "b.bin", "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    assert (await commit(hub, pointer)).status_code == 201
    assert await content(hub, "b.bin") == data


async def test_binary_content_of_a_commit_goes_to_the_store(hub: Hub) -> None:
    data = b"\0\1" * 5000
    answer = await commit(
        hub,
        {"op": "write_bytes", "path": "a.bin", "content": b64encode(data).decode()},
        {"op": "write_bytes", "path": "a.txt", "content": b64encode(b"text").decode()},
    )
    assert answer.status_code == 201, answer.text
    entries = {e["path"]: e for e in (await hub.nobody.get(f"{BERT}/tree/main")).json()["items"]}
    assert entries["a.bin"]["sha256"] == hashlib.sha256(data).hexdigest()
    assert entries["a.txt"]["sha256"] is None


async def test_content_may_be_uploaded_before_its_commit(hub: Hub) -> None:
    made = await hub.alice.post(f"{BERT}/contents", content=b"early")
    assert (made.status_code, made.json()) == (201, {"sha256": hashlib.sha256(b"early").hexdigest(), "size": 5})
    assert (await commit(hub, {"op": "write_large", "path": "a", **made.json()})).status_code == 201
    assert await content(hub, "a") == b"early"
    assert code(await hub.bob.post(f"{BERT}/contents", content=b"x")) == (403, "CG-1103")


async def test_a_hash_is_not_a_key(hub: Hub) -> None:
    data = b"\0secret" * 9_000
    private = f"{API}/repositories/models/alice/private"
    await hub.create("private", visibility="private")
    await hub.write("a.bin", data, private)
    assert (await hub.bob.post(f"{API}/repositories", json={"owner": "bob", "name": "mine"})).status_code == 201
    pointer = {"op": "write_large", "path": "a.bin", "sha256": hashlib.sha256(data).hexdigest()}
    answer = await hub.bob.post(
        f"{API}/repositories/models/bob/mine/commits", json={"title": "x", "operations": [pointer]}
    )
    assert code(answer) == (400, "CG-1212")


async def test_one_bad_operation_leaves_nothing_behind(hub: Hub) -> None:
    answer = await commit(hub, {"op": "write_text", "path": "a.txt", "text": "a"}, {"op": "delete", "path": "nope"})
    assert code(answer) == (404, "CG-1210")
    assert await content(hub, "a.txt") == 404


async def test_a_commit_may_go_to_another_branch(hub: Hub) -> None:
    await hub.alice.post(f"{BERT}/branches/dev")
    assert (await commit(hub, {"op": "write_text", "path": "a", "text": "a"}, branch="dev")).status_code == 201
    assert (await content(hub, "a"), await content(hub, "a", "dev")) == (404, b"a")


async def test_a_stale_parent_is_refused(hub: Hub) -> None:
    head = (await hub.nobody.get(BERT)).json()["head"]
    await hub.write("a", b"a")
    answer = await commit(hub, {"op": "write_text", "path": "a", "text": "b"}, parent=head)
    assert code(answer) == (412, "CG-1206")


@pytest.mark.parametrize(
    "operation",
    [
        {},
        {"op": "rename", "path": "a"},
        {"op": "write_text", "path": "a"},
        {"op": "write_bytes", "path": "a", "content": "%%%"},
        {"op": "write_large", "path": "a", "sha256": "00"},
        {"op": "write_text", "path": "../a", "text": ""},
        {"op": "write_text", "path": ".git/config", "text": ""},
        {"op": "copy", "path": "a", "source": "../b"},
    ],
)
async def test_an_operation_that_makes_no_sense_is_refused(hub: Hub, operation: dict[str, Any]) -> None:
    assert code(await commit(hub, operation))[0] in {400, 404}
    assert len((await hub.nobody.get(f"{BERT}/commits/main")).json()["items"]) == 1


async def test_inline_content_is_bounded(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with running(tmp_path_factory.mktemp("small"), regular_file_limit=100, commit_body_limit=1000) as hub:
        await hub.create()
        operation = {"op": "write_text", "path": "a", "text": "x" * 101}
        assert code(await commit(hub, operation)) == (413, "CG-1004")
        assert code(await commit(hub, {**operation, "text": "x" * 2000})) == (413, "CG-1004")
