"""Who is let in, and what the others get to see."""

import base64
from collections.abc import Iterator

import httpx
import pytest

from commonground.services import Services
from tests.gateways.git.server import READ_TOKEN, TOKENS, Hub, principal_of
from tests.gateways.oci.registry import INDEX, Registry, code, digest_of, encoded

SECRET = b"secret weights" * 1000
PASSWORD = "correct horse battery staple"


@pytest.fixture
def private(hub: Hub, registry: Registry) -> Registry:
    """A private repository with one artifact."""
    hub.create(registry.name.partition("/")[2], visibility="private")
    registry.push_files("main", {"model.bin": SECRET})
    return registry


def calls(registry: Registry) -> Iterator[httpx.Response]:
    digest = digest_of(SECRET)
    for method, path in (
        ("GET", "manifests/main"),
        ("HEAD", "manifests/main"),
        ("GET", f"blobs/{digest}"),
        ("HEAD", f"blobs/{digest}"),
        ("GET", "tags/list"),
        ("GET", f"referrers/{digest}"),
        ("POST", "blobs/uploads/"),
        ("PUT", "manifests/main"),
        ("DELETE", "manifests/main"),
        ("DELETE", f"blobs/{digest}"),
        ("PATCH", "blobs/uploads/1"),
    ):
        yield registry.ask(method, path)


def test_a_private_repository_looks_absent(private: Registry) -> None:
    for user, expected in ((None, {401}), ("eve", {403, 404})):
        absent = Registry(private.hub, f"{private.name}-absent", user)
        for seen, unseen in zip(calls(private.seen_by(user)), calls(absent), strict=True):
            assert seen.status_code in expected
            assert (seen.status_code, seen.text) == (unseen.status_code, unseen.text)
            if user is None:
                realm = f'Bearer realm="{private.hub.url()}v2/token",service='
                assert seen.headers["WWW-Authenticate"].startswith(realm)
                assert f'scope="repository:{private.name}:pull' in seen.headers["WWW-Authenticate"]
    assert private.blob(digest_of(SECRET)).content == SECRET


def test_a_digest_is_not_a_key(private: Registry) -> None:
    eve = Registry(private.hub, f"eve/{private.name.partition('/')[2]}", "eve")
    eve.push_blob(b"mine")
    digest = digest_of(SECRET)
    assert code(eve.blob(digest)) == "BLOB_UNKNOWN"
    for query in ({"mount": digest, "from": private.name}, {"mount": digest}):
        assert eve.ask("POST", "blobs/uploads/", params=query).status_code == 202
    layer = {"mediaType": "text/plain", "digest": digest, "size": len(SECRET)}
    config = {"mediaType": "text/plain", "digest": digest_of(b"mine"), "size": 4}
    manifest = {"schemaVersion": 2, "config": config, "layers": [layer]}
    assert code(eve.push("main", manifest)) == "MANIFEST_BLOB_UNKNOWN"
    assert eve.push_blob(SECRET) == digest, "who has the content may send it"
    assert eve.push("main", manifest).status_code == 201
    assert eve.blob(digest).content == SECRET


def test_what_was_sent_is_its_senders_until_a_manifest_names_it(hub: Hub, registry: Registry) -> None:
    digest = registry.push_blob(b"a draft")
    assert registry.blob(digest).content == b"a draft"
    for user in ("eve", None):
        assert code(registry.seen_by(user).blob(digest)) == "BLOB_UNKNOWN"
    started = registry.ask("POST", "blobs/uploads/")
    location = httpx.URL(started.headers["Location"]).path
    other = Registry(hub, f"eve/{registry.name.partition('/')[2]}", "eve")
    other.push_blob(b"x")
    moved = location.replace(registry.name, other.name)
    assert code(other.http.put(moved, params={"digest": digest_of(b"")})) == "BLOB_UPLOAD_UNKNOWN"
    again = registry.http.get(moved.replace(other.name, registry.name))
    assert again.status_code == 204


def test_a_stranger_may_pull_and_not_push(registry: Registry) -> None:
    registry.push_files("main", {"a.txt": b"1"})
    eve = registry.seen_by("eve")
    assert eve.manifest("main").status_code == 200
    for answer in (eve.ask("POST", "blobs/uploads/"), eve.push("main", {}), eve.ask("DELETE", "manifests/main")):
        assert (answer.status_code, code(answer)) == (403, "DENIED")
    assert code(Registry(registry.hub, "ada/another", "eve").ask("POST", "blobs/uploads/")) == "DENIED"
    assert code(Registry(registry.hub, "nobody/another").ask("POST", "blobs/uploads/")) == "NAME_UNKNOWN"


def test_a_gated_repository_is_denied_to_whom_it_is_closed(hub: Hub, registry: Registry) -> None:
    registry.push_files("main", {"a.txt": b"1"})
    owner, name = registry.name.split("/")

    async def gate(services: Services) -> None:
        ada = await principal_of(services, "ada")
        found = await services.repositories.open(ada, "model", owner, name)
        await services.repositories.update_settings(ada, found, gated="manual")

    hub.run(gate)
    assert registry.manifest("main").status_code == 200
    assert code(registry.seen_by("eve").manifest("main")) == "DENIED"


# --- the token service --------------------------------------------------------------------------------------------------------


def basic(user: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}


def trade(hub: Hub, **options: object) -> str:
    answer = httpx.get(hub.url("v2/token"), params={"service": "x", "scope": "repository:a/b:pull"}, **options)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    assert answer.json()["token"] == answer.json()["access_token"]
    assert answer.json()["expires_in"] > 60
    return str(answer.json()["token"])


def status(registry: Registry, token: str, method: str = "GET", path: str = "manifests/main") -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.request(method, registry.hub.url(f"v2/{registry.name}/{path}"), headers=headers).status_code


def test_the_base_tells_where_tokens_are_traded(hub: Hub) -> None:
    answer = httpx.get(hub.url("v2/"))
    assert (answer.status_code, code(answer)) == (401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="{hub.url()}v2/token",service="{hub.url()[:-1]}"'
    for headers in (basic("ada", TOKENS["ada"]), {"Authorization": f"Bearer {trade(hub)}"}):
        assert httpx.get(hub.url("v2/"), headers=headers).status_code == 200
    assert httpx.get(hub.url("v2/"), headers=basic("ada", "wrong")).status_code == 401


def test_credentials_of_every_kind_are_traded(hub: Hub, private: Registry) -> None:
    async def set_password(services: Services) -> None:
        account = await services.accounts.find("ada")
        await services.accounts.set_password(account.id, PASSWORD)

    hub.run(set_password)
    tokens = [
        trade(hub, headers=basic("ada", TOKENS["ada"])),
        trade(hub, headers=basic("ada", PASSWORD)),
        trade(hub, headers={"Authorization": f"Bearer {TOKENS['ada']}"}),
    ]
    forms = (
        {"grant_type": "password", "username": "ada", "password": PASSWORD},
        {"grant_type": "refresh_token", "refresh_token": TOKENS["ada"]},
    )
    tokens += [httpx.post(hub.url("v2/token"), data=form).json()["token"] for form in forms]
    for token in tokens:
        assert status(private, token) == 200
        assert status(private, token, "POST", "blobs/uploads/") == 202
    assert httpx.post(hub.url("v2/token"), data={"grant_type": "other"}).status_code == 400
    assert httpx.post(hub.url("v2/token"), content=b"a=%ff").status_code == 400
    assert httpx.get(hub.url("v2/token"), headers=basic("ada", "wrong")).status_code == 401


def test_a_token_does_no_more_than_what_it_was_traded_for(hub: Hub, private: Registry) -> None:
    reading = trade(hub, headers=basic("ada", READ_TOKEN))
    assert status(private, reading) == 200
    assert status(private, reading, "POST", "blobs/uploads/") == 403
    assert status(private, trade(hub)) == 401, "anonymous"
    assert status(private, trade(hub, headers=basic("eve", TOKENS["eve"]))) == 404
    assert status(private, reading[:-2] + "xx") == 401
    assert status(private, "a.b") == 401


def test_a_token_ends_with_the_access_token(hub: Hub, private: Registry) -> None:
    async def issue(services: Services) -> str:
        account = await services.accounts.find("ada")
        return await services.accounts.create_token(account.id, name="short", role="write")

    async def revoke(services: Services) -> None:
        account = await services.accounts.find("ada")
        [found] = [item for item in await services.accounts.list_tokens(account.id) if item.name == "short"]
        await services.accounts.revoke_token(account.id, found.id)

    token = trade(hub, headers=basic("ada", hub.run(issue)))
    assert status(private, token) == 200
    hub.run(revoke)
    assert status(private, token) == 401


# --- names --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ada", "owner/name"),
        ("ada/b/c", "owner/name"),
        ("models/ada/b", "owner/name"),
        ("models/b", "models/"),
        ("health/b", "health/"),
        ("repository/b", "repository/"),
        ("ada/B", "without regard to case"),
        ("ada/b_", "grammar"),
        ("datasets/ada/-b", "grammar"),
    ],
)
def test_names_that_cannot_be_say_why(hub: Hub, name: str, reason: str) -> None:
    for path in ("manifests/main", "blobs/uploads/", "tags/list"):
        for method in ("GET", "POST", "PUT"):
            answer = Registry(hub, name).ask(method, path)
            if answer.status_code != 405:
                assert (answer.status_code, code(answer)) == (400, "NAME_INVALID")
                assert reason in answer.text


def test_names_are_looked_up_without_regard_to_case(hub: Hub, registry: Registry) -> None:
    name = registry.name.partition("/")[2]
    hub.create(name.capitalize())
    assert registry.tags() == ["main"]
    assert registry.ask("GET", "tags/list").json()["name"] == registry.name


def test_a_renamed_repository_leads_to_its_new_name(hub: Hub, registry: Registry) -> None:
    registry.push_files("main", {"a.txt": b"1"})
    owner, name = registry.name.split("/")

    async def rename(services: Services) -> None:
        ada = await principal_of(services, "ada")
        found = await services.repositories.open(ada, "model", owner, name)
        await services.repositories.move(ada, found, owner, f"{name}-New")

    hub.run(rename)
    answer = registry.manifest("main")
    assert (answer.status_code, answer.headers["Location"]) == (307, f"/v2/{registry.name}-new/manifests/main")
    assert registry.http.get(answer.headers["Location"]).status_code == 200
    pushed = registry.push("main", encoded({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}), INDEX)
    assert (pushed.status_code, code(pushed)) == (404, "NAME_UNKNOWN")


def test_nothing_else_is_there(hub: Hub, registry: Registry) -> None:
    registry.push_blob(b"x")
    for method, path in (("GET", "other"), ("GET", "blobs"), ("PATCH", "manifests/main"), ("PUT", "tags/list")):
        answer = registry.ask(method, path)
        assert answer.status_code in {404, 405}
        assert code(answer) in {"NAME_UNKNOWN", "UNSUPPORTED"}
    assert code(registry.http.get("v2/_catalog")) == "NAME_UNKNOWN"
