"""The token in the cookie ``m_session_id``: what it opens, and what it does not."""

import httpx
import pytest

from tests.gateways.git.server import TOKENS, Hub

COOKIE = {"Cookie": f"m_session_id={TOKENS['ada']}"}
ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
]


@pytest.fixture(scope="module")
def secret(hub: Hub) -> str:
    name = hub.create("cookie-secret", visibility="private").full_name
    actions = [{"action": "create", "path": "a.txt", "content": "secret words"}]
    done = hub.client().post(f"/api/v1/repos/models/{name}/commit/master", json={"actions": actions})
    assert done.status_code == 200, done.text
    return name


def ask(hub: Hub, method: str, path: str, **headers: str) -> httpx.Response:
    return hub.client(None).request(method, path, headers={**COOKIE, **headers}, json={"actions": [], "TagName": "t"})


def test_it_stands_for_the_token(hub: Hub, secret: str) -> None:
    assert ask(hub, "GET", f"/api/v1/models/{secret}/repo?FilePath=a.txt").text == "secret words"
    assert ask(hub, "POST", f"/api/v1/repos/models/{secret}/commit/master").status_code == 200


def test_a_wrong_one_is_refused(hub: Hub, secret: str) -> None:
    answer = hub.client(None).get(f"/api/v1/models/{secret}", headers={"Cookie": "m_session_id=wrong"})
    assert answer.status_code == 401


@pytest.mark.parametrize("origin", ELSEWHERE)
def test_another_site_neither_reads_nor_writes_with_it(hub: Hub, secret: str, origin: dict[str, str]) -> None:
    for path in (f"/api/v1/models/{secret}", f"/api/v1/models/{secret}/repo?FilePath=a.txt"):
        assert ask(hub, "GET", path, **origin).status_code == 404
    for method, path in [
        ("POST", f"/api/v1/repos/models/{secret}/commit/master"),
        ("POST", f"/api/v1/models/{secret}/repo/tag"),
        ("DELETE", f"/api/v1/models/{secret}"),
        ("POST", "/api/v1/models"),
    ]:
        assert ask(hub, method, path, **origin).status_code == 403
    assert hub.client().get(f"/api/v1/models/{secret}/revisions").json()["Data"]["RevisionMap"]["Tags"] == []


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_another_site_cannot_sign_a_browser_in(hub: Hub, kind: str) -> None:
    """What a page can send without asking first is refused; JSON it cannot send."""
    headers = {"Sec-Fetch-Site": "cross-site", **({"Content-Type": kind} if kind else {})}
    body = b'{"AccessToken": "%s"}' % TOKENS["eve"].encode()
    answer = hub.client(None).post("/api/v1/login", content=body, headers=headers)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_other_protocols_do_not_know_it(hub: Hub, secret: str) -> None:
    for path in (f"/api/models/{secret}", f"/{secret}/resolve/main/a.txt", f"/api/cg/v1/repositories/models/{secret}"):
        assert hub.client(None).get(path, headers=COOKIE).status_code in {401, 404}
