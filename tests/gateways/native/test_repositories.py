"""Repositories: who may do what to them, and what the answers say."""

from typing import Any

import pytest

from tests.gateways.native.hub import API, BERT, Hub, code

pytestmark = pytest.mark.anyio
REPOSITORIES = f"{API}/repositories"


async def ids(hub: Hub, **query: Any) -> list[str]:
    answer = await hub.nobody.get(REPOSITORIES, params=query)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_a_new_repository_has_a_first_commit(hub: Hub) -> None:
    made = await hub.create(kind="dataset", visibility="private")
    assert made["kind"] == "dataset"
    assert made["id"] == "alice/bert"
    assert made["visibility"] == "private"
    assert len(made["head"]) == 40


async def test_creating_needs_a_caller(hub: Hub) -> None:
    answer = await hub.nobody.post(REPOSITORIES, json={"owner": "alice", "name": "bert"})
    assert code(answer) == (401, "CG-1101")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_nobody_creates_under_the_name_of_another(hub: Hub) -> None:
    answer = await hub.bob.post(REPOSITORIES, json={"owner": "alice", "name": "bert"})
    assert code(answer) == (403, "CG-1103")


async def test_an_id_is_taken_in_any_spelling(hub: Hub) -> None:
    await hub.create()
    answer = await hub.alice.post(REPOSITORIES, json={"owner": "Alice", "name": "BERT"})
    assert code(answer) == (409, "CG-1202")


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"owner": 1, "name": "x"}', b'{"owner": "alice"}', b'{"kind": "x"}'])
async def test_a_body_that_does_not_fit_is_refused(hub: Hub, body: bytes) -> None:
    assert code(await hub.alice.post(REPOSITORIES, content=body)) == (400, "CG-1001")


@pytest.mark.parametrize("name", ["a/b", "..", "a b", "x\N{SNOWMAN}", "a\x00b"])
async def test_a_name_that_breaks_the_rules_is_refused(hub: Hub, name: str) -> None:
    answer = await hub.alice.post(REPOSITORIES, json={"owner": "alice", "name": name})
    assert code(answer) == (400, "CG-1106")


async def test_errors_speak_chinese_to_who_prefers_it(hub: Hub) -> None:
    answer = await hub.nobody.get(BERT, headers={"Accept-Language": "zh-CN,en;q=0.5"})
    assert answer.json()["error"] == "找不到仓库"


async def test_a_private_repository_looks_absent(hub: Hub) -> None:
    await hub.create(visibility="private")
    for method, path, body in [
        ("GET", "", None), ("GET", "/refs", None), ("GET", "/tree/main", None), ("GET", "/commits/main", None),
        ("GET", "/files/main/.gitattributes", None), ("DELETE", "", None), ("PATCH", "", {}),
        ("POST", "/move", {"owner": "bob", "name": "x"}), ("POST", "/duplicate", {"owner": "bob", "name": "x"}),
        ("POST", "/commits", {"title": "x", "operations": []}), ("POST", "/branches/x", {}), ("POST", "/tags/x", {}),
    ]:  # fmt: skip
        for client in (hub.bob, hub.nobody):
            assert code(await client.request(method, BERT + path, json=body)) == (404, "CG-1201"), (method, path)


async def test_only_those_with_the_right_change_anything(hub: Hub) -> None:
    await hub.create()
    assert code(await hub.bob.delete(BERT)) == (403, "CG-1103")
    assert code(await hub.nobody.delete(BERT)) == (401, "CG-1101")
    assert code(await hub.bob.patch(BERT, json={"visibility": "private"})) == (403, "CG-1103")
    assert (await hub.nobody.get(BERT)).json()["visibility"] == "public"


async def test_settings_that_are_left_out_stay(hub: Hub) -> None:
    await hub.create()
    answer = await hub.alice.patch(BERT, json={"gated": "manual"})
    assert (answer.json()["gated"], answer.json()["visibility"]) == ("manual", "public")


async def test_a_moved_repository_is_found_at_its_old_id(hub: Hub) -> None:
    await hub.create()
    answer = await hub.alice.post(f"{BERT}/move", json={"owner": "alice", "name": "roberta"})
    assert answer.json()["id"] == "alice/roberta"
    old = await hub.nobody.get(f"{BERT}/tree/main?recursive=true")
    assert code(old) == (307, "CG-1215")
    assert old.headers["location"] == f"{REPOSITORIES}/models/alice/roberta/tree/main?recursive=true"


async def test_a_copy_has_the_files_of_its_source(hub: Hub) -> None:
    await hub.create()
    await hub.write("a.txt", b"a")
    answer = await hub.bob.post(f"{BERT}/duplicate", json={"owner": "bob", "name": "copy"})
    assert answer.status_code == 201, answer.text
    assert (await hub.nobody.get(f"{REPOSITORIES}/models/bob/copy/files/main/a.txt")).content == b"a"


async def test_a_deleted_repository_is_gone(hub: Hub) -> None:
    await hub.create()
    assert (await hub.alice.delete(BERT)).status_code == 204
    assert code(await hub.alice.get(BERT)) == (404, "CG-1201")


async def test_pages_follow_each_other_without_gaps(hub: Hub) -> None:
    for number in range(5):
        await hub.create(f"r{number}")
    seen, path = [], f"{REPOSITORIES}?limit=2&sort=createdAt"
    while path:
        answer = await hub.nobody.get(path)
        seen += [item["name"] for item in answer.json()["items"]]
        link = answer.headers.get("link", "")
        assert bool(link) == (answer.json()["next"] is not None)
        path = link.partition(">")[0].removeprefix("<")
    assert sorted(seen) == [f"r{number}" for number in range(5)]


async def test_a_search_combines_its_conditions(hub: Hub) -> None:
    await hub.create("tiny-bert")
    await hub.create("tiny-gpt", kind="dataset")
    await hub.create("other")
    assert await ids(hub, text="tiny", kind="dataset") == ["alice/tiny-gpt"]
    assert await ids(hub, owner="bob") == []
    assert await ids(hub, tag=["a", "b"]) == []


async def test_lists_hide_what_the_caller_may_not_know(hub: Hub) -> None:
    await hub.create(visibility="private")
    assert await ids(hub) == []
    assert (await hub.alice.get(REPOSITORIES)).json()["items"][0]["id"] == "alice/bert"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "kind=modell",
        "gated=7",
        "sort=x",
        "cursor=x",
        "text=%00",
        "min_parameters=-1",
    ],
)
async def test_a_query_that_does_not_fit_is_refused(hub: Hub, query: str) -> None:
    assert code(await hub.nobody.get(f"{REPOSITORIES}?{query}")) == (400, "CG-1001")


async def test_an_address_outside_the_api_is_not_found(hub: Hub) -> None:
    assert code(await hub.nobody.get(f"{API}/nothing")) == (404, "CG-1002")
    assert code(await hub.nobody.get(f"{REPOSITORIES}/buckets/a/b")) == (404, "CG-1002")
    assert code(await hub.nobody.put(f"{API}/server")) == (405, "CG-1003")


async def test_a_link_reads_one_repository_and_nothing_else(hub: Hub) -> None:
    await hub.create(visibility="private")
    await hub.create(name="other", visibility="private")
    made = await hub.alice.post(f"{BERT}/links", json={"seconds": 60})
    assert made.status_code == 201, made.text
    token = made.json()["token"]
    assert (await hub.nobody.get(f"{BERT}/refs", params={"token": token})).status_code == 200
    assert (await hub.nobody.get(BERT, params={"token": token})).status_code == 200
    other = BERT.replace("bert", "other")
    assert (await hub.nobody.get(f"{other}/refs", params={"token": token})).status_code == 404
    assert (await hub.nobody.get(f"{API}/whoami", params={"token": token})).status_code == 401
    assert ids_of(await hub.nobody.get(REPOSITORIES, params={"token": token})) == []
    assert (await hub.nobody.post(f"{BERT}/branches/side", params={"token": token}, json={})).status_code in {401, 404}


async def test_a_link_expires_and_cannot_be_forged(hub: Hub) -> None:
    await hub.create(visibility="private")
    assert (await hub.nobody.get(f"{BERT}/refs", params={"token": "x.y"})).status_code == 401
    assert (await hub.alice.post(f"{BERT}/links", json={"seconds": 0})).status_code == 400
    assert (await hub.bob.post(f"{BERT}/links", json={})).status_code == 404


def ids_of(answer: Any) -> list[str]:
    return [item["id"] for item in answer.json()["items"]]
