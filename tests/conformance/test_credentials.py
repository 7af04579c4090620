"""How the checks of registries say who is calling."""

from base64 import b64decode

import httpx
import pytest

from commonground.conformance.oci.credentials import RegistryAuth

REALM = 'Bearer realm="http://tokens.test/t?x=1",service="hub",scope="repository:a/b:pull"'


class Registry:
    """Answers 401 with a challenge until the right credentials come; gives out tokens."""

    def __init__(self, challenge: str, accepted: str, told: httpx.Response | None = None) -> None:
        self.challenge, self.accepted = challenge, accepted
        self.told = told or httpx.Response(200, json={"token": "abc"})
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.host == "tokens.test":
            return self.told
        if request.headers.get("authorization") == self.accepted:
            return httpx.Response(200)
        return httpx.Response(401, headers={"WWW-Authenticate": self.challenge} if self.challenge else {})

    def client(self, token: str | None) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self), auth=RegistryAuth(token), base_url="http://hub.test")


def test_a_token_is_asked_for_once() -> None:
    registry = Registry(REALM, "Bearer abc")
    client = registry.client("me:secret")
    assert client.get("/v2/").status_code == 200
    assert client.get("/v2/").status_code == 200
    assert [request.url.host for request in registry.asked] == ["hub.test", "tokens.test", "hub.test", "hub.test"]
    query = registry.asked[1].url.params
    assert (query["service"], query["scope"]) == ("hub", "repository:a/b:pull")
    assert b64decode(registry.asked[1].headers["authorization"].removeprefix("Basic ")) == b"me:secret"


def test_nobody_asks_without_credentials() -> None:
    registry = Registry(REALM, "Bearer abc")
    assert registry.client(None).get("/v2/").status_code == 200
    assert "authorization" not in registry.asked[1].headers


@pytest.mark.parametrize(("token", "status"), [("secret", 200), (None, 401)])
def test_basic(token: str | None, status: int) -> None:
    registry = Registry('Basic realm="x"', "Basic dG9rZW46c2VjcmV0")
    assert registry.client(token).get("/v2/").status_code == status


@pytest.mark.parametrize("told", [b"<html>", b"[]", b"{}"])
def test_a_token_service_that_gives_none(told: bytes) -> None:
    registry = Registry(REALM, "Bearer abc", httpx.Response(200, content=told))
    assert registry.client("secret").get("/v2/").status_code == 401


def test_no_challenge() -> None:
    assert Registry("", "x").client("secret").get("/v2/").status_code == 401
