"""Likes over the API of our own."""

import pytest

from tests.gateways.native.hub import API, BERT, Hub, code

pytestmark = pytest.mark.anyio


async def test_liking_and_taking_it_back(hub: Hub) -> None:
    await hub.create()
    assert (await hub.bob.post(f"{BERT}/like")).json() == {"likes": 1}
    assert (await hub.nobody.get(BERT)).json()["likes"] == 1
    [liker] = (await hub.nobody.get(f"{BERT}/likers")).json()["items"]
    assert liker["name"] == "bob"
    [like] = (await hub.bob.get(f"{API}/likes")).json()["items"]
    assert (like["kind"], like["repository"]) == ("model", "alice/bert")
    assert (await hub.bob.delete(f"{BERT}/like")).json() == {"likes": 0}
    assert (await hub.nobody.get(f"{API}/likes", params={"user": "bob"})).json() == {"items": [], "next": None}


async def test_whose_likes(hub: Hub) -> None:
    assert code(await hub.nobody.get(f"{API}/likes")) == (401, "CG-1101")
    assert code(await hub.nobody.get(f"{API}/likes", params={"user": "unknown"})) == (404, "CG-1104")


async def test_private_looks_absent(hub: Hub) -> None:
    await hub.create(visibility="private")
    for method, path in (("POST", "like"), ("DELETE", "like"), ("GET", "likers")):
        assert code(await hub.bob.request(method, f"{BERT}/{path}")) == (404, "CG-1201")
