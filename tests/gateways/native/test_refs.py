"""Branches and tags."""

import pytest

from tests.gateways.native.hub import BERT, Hub, code

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def bert(hub: Hub) -> None:
    await hub.create()


async def names(hub: Hub, kind: str) -> list[str]:
    return [ref["name"] for ref in (await hub.nobody.get(f"{BERT}/refs")).json()[kind]]


async def test_a_repository_starts_with_one_branch(hub: Hub) -> None:
    assert await names(hub, "branches") == ["main"]
    assert await names(hub, "tags") == []


async def test_a_branch_starts_where_it_is_told(hub: Hub) -> None:
    first = (await hub.nobody.get(BERT)).json()["head"]
    await hub.write("a.txt", b"a")
    assert (await hub.alice.post(f"{BERT}/branches/dev%2Fone", json={"revision": first})).status_code == 201
    refs = (await hub.nobody.get(f"{BERT}/refs")).json()["branches"]
    assert {ref["name"]: ref["commit"] for ref in refs}["dev/one"] == first
    assert code(await hub.nobody.get(f"{BERT}/files/dev%2Fone/a.txt")) == (404, "CG-1204")


async def test_a_branch_that_exists_is_not_made_again(hub: Hub) -> None:
    assert (await hub.alice.post(f"{BERT}/branches/dev")).status_code == 201
    assert code(await hub.alice.post(f"{BERT}/branches/dev")) == (409, "CG-1207")


async def test_the_default_branch_stays(hub: Hub) -> None:
    assert (await hub.alice.delete(f"{BERT}/branches/main")).status_code in {400, 403}
    assert await names(hub, "branches") == ["main"]


async def test_a_tag_keeps_its_commit(hub: Hub) -> None:
    assert (await hub.alice.post(f"{BERT}/tags/v1", json={"message": "first"})).status_code == 201
    await hub.write("a.txt", b"a")
    assert code(await hub.nobody.get(f"{BERT}/files/v1/a.txt")) == (404, "CG-1204")
    assert (await hub.alice.delete(f"{BERT}/tags/v1")).status_code == 204
    assert await names(hub, "tags") == []


async def test_what_does_not_exist_cannot_be_deleted(hub: Hub) -> None:
    assert code(await hub.alice.delete(f"{BERT}/branches/nope")) == (404, "CG-1203")
    assert code(await hub.alice.delete(f"{BERT}/tags/nope")) == (404, "CG-1203")


@pytest.mark.parametrize("name", ["a..b", "a%20b", "x.lock", "a%7E1", "%2F", "refs%2Fpr%2F1"])
async def test_a_name_git_would_refuse_is_refused(hub: Hub, name: str) -> None:
    assert code(await hub.alice.post(f"{BERT}/branches/{name}"))[0] == 400


async def test_others_may_not_change_refs(hub: Hub) -> None:
    assert code(await hub.bob.post(f"{BERT}/branches/dev")) == (403, "CG-1103")
    assert code(await hub.nobody.post(f"{BERT}/tags/v1")) == (401, "CG-1101")
