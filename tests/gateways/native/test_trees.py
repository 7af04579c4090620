"""Folders, histories and comparisons."""

import pytest

from tests.gateways.native.hub import BERT, Hub, code

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def bert(hub: Hub) -> None:
    await hub.create()
    for path in ("a/1", "a/2", "b/c/3", "z"):
        await hub.write(path, path.encode())


async def paths(hub: Hub, address: str) -> list[str]:
    answer = await hub.nobody.get(f"{BERT}/tree/{address}")
    assert answer.status_code == 200, answer.text
    return [entry["path"] for entry in answer.json()["items"]]


async def test_the_root_shows_folders_and_files(hub: Hub) -> None:
    assert await paths(hub, "main") == [".gitattributes", "a", "b", "z"]


async def test_a_folder_shows_its_own(hub: Hub) -> None:
    assert await paths(hub, "main/a") == ["a/1", "a/2"]
    assert await paths(hub, "main/b?recursive=true") == ["b/c", "b/c/3"]


async def test_pages_of_a_tree_follow_each_other(hub: Hub) -> None:
    seen: list[str] = []
    query = {"recursive": "true", "limit": "2"}
    while query.get("cursor", "") is not None:
        answer = (await hub.nobody.get(f"{BERT}/tree/main", params=query)).json()
        seen += [entry["path"] for entry in answer["items"]]
        query["cursor"] = answer["next"]
    assert seen == await paths(hub, "main?recursive=true")


async def test_an_expanded_tree_shows_last_commits(hub: Hub) -> None:
    found = (await hub.nobody.get(f"{BERT}/tree/main?expand=true")).json()["items"]
    assert {entry["path"]: entry["last_commit"]["title"] for entry in found}["a"] == "Upload a/2"


async def test_the_history_is_newest_first_and_pages(hub: Hub) -> None:
    first = (await hub.nobody.get(f"{BERT}/commits/main?limit=2")).json()
    assert [commit["title"] for commit in first["items"]] == ["Upload z", "Upload b/c/3"]
    rest = (await hub.nobody.get(f"{BERT}/commits/main", params={"cursor": first["next"]})).json()
    assert [commit["title"] for commit in rest["items"]] == ["Upload a/2", "Upload a/1", "initial commit"]
    assert rest["next"] is None


async def test_a_comparison_names_what_was_added_changed_and_removed(hub: Hub) -> None:
    base = (await hub.nobody.get(BERT)).json()["head"]
    await hub.write("new", b"n")
    await hub.write("z", b"changed")
    await hub.alice.delete(f"{BERT}/files/main/a/1")
    found = (await hub.nobody.get(f"{BERT}/diff?base={base}&head=main")).json()
    sides = {change["path"]: (change["before"] is not None, change["after"] is not None) for change in found["changes"]}
    assert sides == {"a/1": (True, False), "new": (False, True), "z": (True, True)}
    assert found["complete"]


async def test_a_comparison_needs_both_sides(hub: Hub) -> None:
    assert code(await hub.nobody.get(f"{BERT}/diff?base=main")) == (400, "CG-1001")
    assert code(await hub.nobody.get(f"{BERT}/diff?base=main&head=nope")) == (404, "CG-1203")


@pytest.mark.parametrize("address", ["nope", "main/nope", "main/z"])
async def test_what_is_no_folder_is_not_found(hub: Hub, address: str) -> None:
    assert code(await hub.nobody.get(f"{BERT}/tree/{address}"))[0] == 404


@pytest.mark.parametrize("query", ["cursor=x", "limit=-1", "recursive=maybe"])
async def test_a_bad_query_is_refused(hub: Hub, query: str) -> None:
    assert code(await hub.nobody.get(f"{BERT}/tree/main?{query}"))[0] == 400
