"""The write path over HTTP: preupload, commits, branches and tags."""

from base64 import b64encode
from typing import Any

import pytest

from tests.gateways.huggingface.hub import Hub, file, on_a_hub

API = "/api/models/alice/bert"


async def paths(hub: Hub, revision: str = "main") -> set[str]:
    answer = await hub.alice.get(f"{API}/tree/{revision}?recursive=true")
    return {item["path"] for item in answer.json() if item["type"] == "file"}


@on_a_hub
async def test_a_commit_names_its_page(hub: Hub) -> None:
    await hub.repository()
    answer = await hub.send_commit("alice/bert", file("a/b.txt", "hello"))
    oid = answer.json()["commitOid"]
    assert answer.json() == {
        "success": True,
        "commitOid": oid,
        "commitUrl": f"http://hub.test/alice/bert/commit/{oid}",
    }
    assert await paths(hub) == {".gitattributes", "a/b.txt"}


@on_a_hub
async def test_files_and_folders_can_be_deleted(hub: Hub) -> None:
    await hub.repository()
    await hub.commit("alice/bert", *(file(name, "x") for name in ("a", "b/c", "b/d", "e")))
    await hub.commit(
        "alice/bert",
        {"key": "deletedFile", "value": {"path": "a"}},
        {"key": "deletedFolder", "value": {"path": "b/"}},
    )
    assert await paths(hub) == {".gitattributes", "e"}
    await hub.commit("alice/bert", file("f/g", "x"), file("f/h", "x"))
    await hub.commit(
        "alice/bert", {"key": "deletedFile", "value": {"path": "f"}}
    )  # clients may not know it is a folder
    assert await paths(hub) == {".gitattributes", "e"}
    missing = await hub.send_commit("alice/bert", {"key": "deletedFile", "value": {"path": "a"}})
    assert (missing.status_code, missing.headers["x-error-code"]) == (404, "EntryNotFound")
    assert "A file with this name doesn't exist" in missing.json()["error"]


@on_a_hub
async def test_a_commit_on_an_old_head_is_refused(hub: Hub) -> None:
    await hub.repository()
    first = (await hub.alice.get(API)).json()["sha"]
    await hub.commit("alice/bert", file("a", "1"), parentCommit=first)
    late = await hub.send_commit("alice/bert", file("b", "2"), parentCommit=first)
    assert late.status_code == 412
    assert "The branch was updated since you opened this page" in late.json()["error"]
    assert await paths(hub) == {".gitattributes", "a"}


@pytest.mark.parametrize("path", ["../a", "a//b", "/a", ".git/config", "..\\a", "a\0b", ""])
def test_an_unsafe_path_writes_nothing(path: str, tmp_path: Any) -> None:
    @on_a_hub
    async def check(hub: Hub) -> None:
        await hub.repository()
        answer = await hub.send_commit("alice/bert", file("good", "x"), file(path, "x"))
        assert (answer.status_code, answer.json()["code"]) == (422, "CG-1205")
        assert await paths(hub) == {".gitattributes"}

    check(tmp_path)


@on_a_hub
async def test_content_that_was_never_uploaded_is_refused(hub: Hub) -> None:
    await hub.repository()
    line = {"key": "lfsFile", "value": {"path": "m.bin", "algo": "sha256", "oid": "0f" * 32, "size": 5}}
    answer = await hub.send_commit("alice/bert", line)
    assert (answer.status_code, answer.json()["code"]) == (400, "CG-1212")


@on_a_hub
async def test_readers_may_not_write(hub: Hub) -> None:
    await hub.repository()
    for client, status in ((hub.bob, 403), (hub.nobody, 401)):
        assert (await client.post(f"{API}/commit/main", content=b"")).status_code == status
        assert (await client.post(f"{API}/preupload/main", json={"files": []})).status_code == status
        assert (await client.get(f"{API}/xet-write-token/main")).status_code == status
        assert (await client.post(f"{API}/branch/new")).status_code == status


@on_a_hub
async def test_anybody_who_reads_may_propose_a_commit(hub: Hub) -> None:
    await hub.repository()
    before = (await hub.alice.get(API)).json()["sha"]
    body = b'{"key":"header","value":{"summary":"x"}}\n{"key":"file","value":{"path":"a","content":""}}'
    answer = (await hub.bob.post(f"{API}/commit/main?create_pr=1", content=body)).json()
    assert answer["pullRequestUrl"].endswith("/alice/bert/discussions/1")
    proposed = (await hub.alice.get(f"{API}/revision/refs%2Fpr%2F1")).json()
    assert proposed["sha"] == answer["commitOid"]
    assert (await hub.bob.get(f"{API}/xet-write-token/None?create_pr=1")).status_code == 200
    absent = await hub.bob.post("/api/models/alice/absent/commit/main?create_pr=1", content=body)
    assert (absent.status_code, absent.headers["x-error-code"]) == (404, "RepoNotFound")
    assert (await hub.alice.get(API)).json()["sha"] == before


@on_a_hub
async def test_preupload_tells_how_each_file_goes(hub: Hub) -> None:
    await hub.repository()
    await hub.commit("alice/bert", file("known.txt", "hello"), file(".gitignore", "*.log\n"))
    sample = b64encode(b"hello").decode()
    files = [{"path": path, "size": 5, "sample": sample} for path in ("known.txt", "model.safetensors", "run.log")]
    answer = (await hub.alice.post(f"{API}/preupload/main", json={"files": files})).json()["files"]
    assert [(item["path"], item["uploadMode"], item["shouldIgnore"]) for item in answer] == [
        ("known.txt", "regular", False),
        ("model.safetensors", "lfs", False),
        ("run.log", "regular", True),
    ]
    assert [item["oid"] for item in answer] == ["b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0", None, None]


@on_a_hub
async def test_branches_and_tags(hub: Hub) -> None:
    await hub.repository()
    first = (await hub.alice.get(API)).json()["sha"]
    second = await hub.commit("alice/bert", file("a", "1"))
    assert (await hub.alice.post(f"{API}/branch/dev%2Fx", json={"startingPoint": first})).status_code < 300
    assert (await hub.alice.post(f"{API}/branch/dev%2Fx")).status_code == 409
    assert (await hub.alice.post(f"{API}/tag/{second[:7]}", json={"tag": "v1", "message": "One"})).status_code < 300
    refs = (await hub.nobody.get(f"{API}/refs")).json()
    assert {ref["name"]: ref["targetCommit"] for ref in refs["branches"]} == {"main": second, "dev/x": first}
    assert refs["tags"] == [{"name": "v1", "ref": "refs/tags/v1", "targetCommit": second}]
    assert "pullRequests" not in refs
    assert (await hub.alice.get(f"{API}/revision/dev%2Fx")).json()["sha"] == first
    assert (await hub.alice.delete(f"{API}/branch/dev%2Fx")).status_code < 300
    gone = await hub.alice.get(f"{API}/revision/dev%2Fx")
    assert (gone.status_code, gone.headers["x-error-code"]) == (404, "RevisionNotFound")
    assert (await hub.alice.delete(f"{API}/tag/v1")).status_code < 300
    assert (await hub.alice.delete(f"{API}/branch/main")).status_code in {400, 403}


@on_a_hub
async def test_history_comes_newest_first_in_pages(hub: Hub) -> None:
    await hub.repository()
    for number in range(3):
        await hub.commit("alice/bert", file("a", str(number)), summary=f"Commit <{number}>")
    answer = await hub.nobody.get(f"{API}/commits/main?limit=2&expand[]=formatted")
    assert [item["title"] for item in answer.json()] == ["Commit <2>", "Commit <1>"]
    assert answer.json()[0]["formatted"]["title"] == "Commit &lt;2&gt;"
    assert answer.json()[0]["authors"][0]["user"] == "alice"
    rest = await hub.nobody.get(answer.links["next"]["url"])
    assert [item["title"] for item in rest.json()] == ["Commit <0>", "initial commit"]
    assert "next" not in rest.links


@on_a_hub
async def test_squashing_keeps_the_files(hub: Hub) -> None:
    await hub.repository()
    await hub.commit("alice/bert", file("a", "1"))
    assert (await hub.alice.post(f"{API}/super-squash/main", json={"message": "All"})).status_code == 200
    assert [item["title"] for item in (await hub.alice.get(f"{API}/commits/main")).json()] == ["All"]
    assert await paths(hub) == {".gitattributes", "a"}


@on_a_hub
async def test_a_card_is_checked_before_it_is_committed(hub: Hub) -> None:
    good = await hub.alice.post("/api/validate-yaml", json={"content": "---\nlicense: mit\n---\n", "repoType": "model"})
    assert (good.status_code, good.json()["errors"]) == (200, [])
    bad = await hub.alice.post("/api/validate-yaml", json={"content": "---\nmodel-index: foo\n---\n"})
    assert bad.status_code == 400
    assert bad.json()["errors"][0]["message"]
    text = await hub.alice.post(
        "/api/validate-yaml", json={"content": "---\nlicense: none\n---\n"}, headers={"Accept": "text/plain"}
    )
    assert (text.status_code, text.text.startswith('- Error: "license" must be one of')) == (400, True)
