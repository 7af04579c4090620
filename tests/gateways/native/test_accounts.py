"""The caller, and what tokens may do to tokens."""

import time

import pytest

from commonground.accounts.model import Scope
from tests.gateways.native.hub import API, Hub, code

pytestmark = pytest.mark.anyio
TOKENS = f"{API}/tokens"


async def test_whoami_names_the_caller_and_the_token(hub: Hub) -> None:
    await hub.services.accounts.create_organization("acme", full_name="ACME", members={"alice": "write"})
    found = (await hub.alice.get(f"{API}/whoami")).json()
    assert (found["name"], found["via"], found["is_admin"]) == ("alice", "token", False)
    assert found["organizations"] == [{"name": "acme", "full_name": "ACME", "role": "write"}]
    assert found["token"]["role"] == "write"
    assert (await hub.root.get(f"{API}/whoami")).json()["is_admin"]


async def test_nobody_is_nobody(hub: Hub) -> None:
    assert code(await hub.nobody.get(f"{API}/whoami")) == (401, "CG-1101")
    assert code(await hub.client("cg_wrong").get(f"{API}/whoami")) == (401, "CG-1102")


async def test_a_new_token_works_and_its_text_is_shown_once(hub: Hub) -> None:
    made = await hub.alice.post(TOKENS, json={"name": "ci", "role": "read"})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    text = made.json()["text"]
    assert (await hub.client(text).get(f"{API}/whoami")).json()["token"]["name"] == "ci"
    assert text not in (await hub.alice.get(TOKENS)).text


async def test_a_revoked_token_is_refused_at_once(hub: Hub) -> None:
    text = (await hub.alice.post(TOKENS, json={"name": "ci"})).json()["text"]
    [found] = [token for token in (await hub.alice.get(TOKENS)).json() if token["name"] == "ci"]
    assert (await hub.alice.delete(f"{TOKENS}/{found['id']}")).status_code == 204
    assert code(await hub.client(text).get(f"{API}/whoami")) == (401, "CG-1102")


async def test_nobody_revokes_the_token_of_another(hub: Hub) -> None:
    [found] = (await hub.alice.get(TOKENS)).json()
    assert code(await hub.bob.delete(f"{TOKENS}/{found['id']}")) == (404, "CG-1110")
    assert (await hub.alice.get(TOKENS)).status_code == 200


@pytest.mark.parametrize("token", ["x", "-1", "9" * 30, "\N{ARABIC-INDIC DIGIT ONE}"])
async def test_what_is_no_token_is_not_found(hub: Hub, token: str) -> None:
    assert code(await hub.alice.delete(f"{TOKENS}/{token}")) == (404, "CG-1110")


async def test_a_weak_token_cannot_make_itself_a_strong_one(hub: Hub) -> None:
    for client in (
        await hub.token("alice", "read"),
        await hub.token("alice", "fine-grained", (Scope("repo.write", "*"),)),
    ):
        assert code(await client.post(TOKENS, json={"name": "x", "role": "write"})) == (403, "CG-1103")
        assert code(await client.get(TOKENS)) == (403, "CG-1103")
        assert code(await client.delete(f"{TOKENS}/1")) == (403, "CG-1103")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x", "role": "admin"},
        {"name": "x\n"},
        {"name": "x", "expires_at": 1},
        {"name": "x", "expires_at": 2**70},
        {"name": "x", "role": "read", "scopes": [{"permission": "repo.read", "target": "*"}]},
        {"name": "x", "role": "fine-grained", "scopes": [{"permission": "repo.fly", "target": "*"}]},
    ],
)
async def test_a_token_that_makes_no_sense_is_refused(hub: Hub, body: dict[str, object]) -> None:
    assert code(await hub.alice.post(TOKENS, json=body)) == (400, "CG-1001")


async def test_a_token_may_end_by_itself(hub: Hub) -> None:
    soon = int(time.time() * 1000) + 60_000
    assert (await hub.alice.post(TOKENS, json={"name": "x", "expires_at": soon})).status_code == 201
    assert soon in [token["expires_at"] for token in (await hub.alice.get(TOKENS)).json()]


async def test_a_token_has_one_key_pair(hub: Hub) -> None:
    made = await hub.alice.post(f"{API}/me/access-keys", json={})
    assert made.status_code == 200
    assert made.headers["cache-control"] == "no-store"
    assert made.json() == (await hub.alice.post(f"{API}/me/access-keys")).json()
    assert made.json()["id"] != (await hub.bob.post(f"{API}/me/access-keys")).json()["id"]
    assert code(await hub.nobody.post(f"{API}/me/access-keys")) == (401, "CG-1101")
    assert code(await hub.alice.post(f"{API}/me/access-keys", json={"purpose": "x"})) == (400, "CG-1001")
