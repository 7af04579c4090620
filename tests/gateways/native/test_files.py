"""Files: what is written is what is read, in one commit each, whatever the size."""

import hashlib
import os
from collections.abc import AsyncIterator

import pytest

from tests.gateways.native.hub import BERT, Hub, code, running

pytestmark = pytest.mark.anyio
FILES = f"{BERT}/files/main"


@pytest.fixture(autouse=True)
async def bert(hub: Hub) -> None:
    await hub.create()


async def entries(hub: Hub, query: str = "recursive=true") -> dict[str, dict[str, object]]:
    found = (await hub.nobody.get(f"{BERT}/tree/main?{query}")).json()["items"]
    return {entry["path"]: entry for entry in found}


async def test_short_text_becomes_a_git_blob(hub: Hub) -> None:
    commit = await hub.write("a/b.txt", b"hello")
    answer = await hub.nobody.get(f"{FILES}/a/b.txt")
    assert answer.content == b"hello"
    assert answer.headers["x-repo-commit"] == commit
    assert (await entries(hub))["a/b.txt"]["sha256"] is None


async def test_binary_content_goes_to_the_store(hub: Hub) -> None:
    content = os.urandom(300_000)
    await hub.write("model.safetensors", content)
    entry = (await entries(hub))["model.safetensors"]
    assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    assert entry["size"] == len(content)
    assert (await hub.nobody.get(f"{FILES}/model.safetensors")).content == content


async def test_text_above_the_limit_goes_to_the_store(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with running(tmp_path_factory.mktemp("small"), regular_file_limit=1000) as hub:
        await hub.create()
        await hub.write("a.txt", b"x" * 1000)
        await hub.write("b.txt", b"x" * 1001)
        found = await entries(hub)
        assert found["a.txt"]["sha256"] is None
        assert found["b.txt"]["sha256"] is not None
        assert (await hub.nobody.get(f"{FILES}/b.txt")).content == b"x" * 1001


async def test_a_body_of_unknown_length_is_streamed(hub: Hub) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(13):
            yield b"\0" * 2**20

    answer = await hub.alice.put(f"{FILES}/zeros.bin", content=parts())
    assert answer.status_code == 201, answer.text
    assert (await entries(hub))["zeros.bin"]["size"] == 13 * 2**20


async def test_an_empty_file_is_a_file(hub: Hub) -> None:
    await hub.write("empty", b"")
    answer = await hub.nobody.get(f"{FILES}/empty")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_range_is_a_part(hub: Hub) -> None:
    await hub.write("a.bin", bytes(range(256)) * 2000)
    answer = await hub.nobody.get(f"{FILES}/a.bin", headers={"Range": "bytes=300-304"})
    assert (answer.status_code, answer.content) == (206, bytes(range(44, 49)))
    assert answer.headers["content-range"] == "bytes 300-304/512000"
    late = await hub.nobody.get(f"{FILES}/a.bin", headers={"Range": "bytes=512000-"})
    assert code(late) == (416, "CG-1005")


async def test_what_the_caller_has_is_not_sent_again(hub: Hub) -> None:
    await hub.write("a.txt", b"a")
    tag = (await hub.nobody.get(f"{FILES}/a.txt")).headers["etag"]
    answer = await hub.nobody.get(f"{FILES}/a.txt", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")


async def test_content_of_users_never_runs_on_our_origin(hub: Hub) -> None:
    await hub.write("page.html", b"<script>alert(1)</script>")
    answer = await hub.nobody.get(f"{FILES}/page.html?download=true")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"].startswith("attachment")


async def test_every_change_is_a_commit_with_its_message(hub: Hub) -> None:
    answer = await hub.alice.put(f"{FILES}/a.txt?title=Say%20a&description=Because.", content=b"a")
    assert (answer.json()["title"], answer.json()["description"]) == ("Say a", "Because.")
    gone = await hub.alice.delete(f"{FILES}/a.txt")
    assert (gone.status_code, gone.json()["title"]) == (200, "Delete a.txt")
    history = (await hub.nobody.get(f"{BERT}/commits/main")).json()["items"]
    assert [commit["title"] for commit in history] == ["Delete a.txt", "Say a", "initial commit"]


async def test_a_stale_parent_is_refused(hub: Hub) -> None:
    old = await hub.write("a.txt", b"a")
    await hub.write("a.txt", b"b")
    answer = await hub.alice.put(f"{FILES}/a.txt", params={"parent": old}, content=b"c")
    assert code(answer) == (412, "CG-1206")
    assert (await hub.nobody.get(f"{FILES}/a.txt")).content == b"b"


async def test_what_is_not_there_is_not_found(hub: Hub) -> None:
    assert code(await hub.nobody.get(f"{FILES}/nope")) == (404, "CG-1204")
    assert code(await hub.nobody.get(f"{BERT}/files/nope/a")) == (404, "CG-1203")
    assert code(await hub.alice.delete(f"{FILES}/nope")) == (404, "CG-1210")
    assert code(await hub.alice.put(f"{BERT}/files/nope/a", content=b"a")) == (404, "CG-1203")


async def test_a_folder_is_no_file(hub: Hub) -> None:
    await hub.write("a/b", b"b")
    assert code(await hub.nobody.get(f"{FILES}/a")) == (404, "CG-1204")


@pytest.mark.parametrize("path", ["..%2Fx", ".git/config", "..%5Cb", "a//b", "a/%2e%2e/b", "a%00b", "%ff"])
async def test_an_unsafe_path_is_refused(hub: Hub, path: str) -> None:
    answer = await hub.alice.put(f"{FILES}/{path}", content=b"x")
    assert answer.status_code == 400
    assert list(await entries(hub)) == [".gitattributes"]


async def test_others_may_not_write(hub: Hub) -> None:
    assert code(await hub.bob.put(f"{FILES}/a.txt", content=b"a")) == (403, "CG-1103")
    assert code(await hub.nobody.delete(f"{FILES}/.gitattributes")) == (401, "CG-1101")
    reader = await hub.token("alice", "read")
    assert code(await reader.put(f"{FILES}/a.txt", content=b"a")) == (403, "CG-1103")


async def test_files_of_a_gated_repository_are_for_those_with_access(hub: Hub) -> None:
    await hub.alice.patch(BERT, json={"gated": "manual"})
    assert code(await hub.bob.get(f"{FILES}/.gitattributes")) == (403, "CG-1216")
    assert (await hub.bob.get(f"{BERT}/tree/main")).status_code == 200
    assert (await hub.alice.get(f"{FILES}/.gitattributes")).status_code == 200
