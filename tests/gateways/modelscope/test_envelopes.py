"""Whatever is sent, the answer is one of the protocol's own envelopes, and never the server's fault."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonground.hub.repositories.model import Repository
from tests.gateways.git.server import TOKENS, Hub

JSON_ROUTES = [
    "/api/v1/login",
    "/api/v1/models",
    "/api/v1/datasets",
    "/api/v1/models/{}/repo/tag",
    "/api/v1/repos/models/{}/info/lfs/objects/batch",
    "/api/v1/repos/models/{}/commit/main",
]
QUERY_ROUTES = [
    "/api/v1/models",
    "/api/v1/datasets",
    "/api/v1/models/{}/repo",
    "/api/v1/models/{}/repo/files",
    "/api/v1/models/{}/repo/tree",
    "/api/v1/models/{}/revisions",
    "/openapi/v1/models",
    "/openapi/v1/datasets",
]
NAMES = [
    "AccessToken", "Path", "Name", "Visibility", "TagName", "Ref", "objects", "operation", "oid", "size", "actions",
    "action", "path", "type", "sha256", "content", "encoding", "commit_message", "ProtectedMode",
]  # fmt: skip
PARAMETERS = [
    "Revision", "FilePath", "Root", "Recursive", "PageNumber", "PageSize", "page_number", "page_size", "search", "owner",
    "sort", "filter.task", "filter.license",
]  # fmt: skip
TEXTS = st.text(max_size=12) | st.sampled_from(["main", "master", "..", "/", "a/../b", "create", "lfs", "0" * 64, "\0"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | TEXTS, inner, max_size=5),
    max_leaves=12,
)
BODIES = st.one_of(
    VALUES.map(lambda value: json.dumps(value).encode()), st.binary(max_size=40), st.just(b"[" * 100_000)
)
often = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@pytest.fixture(scope="module")
def ada(hub: Hub) -> Iterator[httpx.Client]:
    with hub.client() as client:
        yield client


def check(answer: httpx.Response) -> None:
    """An envelope of the interface that was called, with a status the client knows."""
    assert answer.status_code < 500, answer.text
    body = answer.json()
    success = answer.status_code < 400
    if "/openapi/" in str(answer.request.url.path):
        assert body["success"] is success
        assert body["request_id"] == answer.headers["x-request-id"]
        assert success or (body["message"] and body["code"] and body["error_code"].startswith("CG-"))
        return
    assert body["Success"] is success
    assert body["RequestId"] == answer.headers["x-request-id"]
    assert (body["Code"] == 200) is success
    assert success or (body["Message"] and body["ErrorCode"].startswith("CG-"))


@pytest.mark.parametrize("route", JSON_ROUTES)
@often
@given(body=BODIES)
def test_any_body_gets_an_envelope(ada: httpx.Client, repository: Repository, route: str, body: bytes) -> None:
    kind = {"Content-Type": "application/json"}
    check(ada.post(route.format(repository.full_name), content=body, headers=kind))


@pytest.mark.parametrize("route", QUERY_ROUTES)
@often
@given(query=st.dictionaries(st.sampled_from(PARAMETERS), TEXTS | st.integers().map(str), max_size=4))
def test_any_query_gets_an_envelope(
    ada: httpx.Client, repository: Repository, route: str, query: dict[str, str]
) -> None:
    answer = ada.get(route.format(repository.full_name), params=query)
    if answer.status_code >= 400 or not route.endswith("/repo"):  # else it is a file
        check(answer)


@often
@given(body=st.binary(max_size=200), boundary=st.sampled_from(["x", "", "boundary"]))
def test_any_form_gets_an_envelope(ada: httpx.Client, body: bytes, boundary: str) -> None:
    kind = f"multipart/form-data; boundary={boundary}"
    check(ada.post("/api/v1/datasets", content=body, headers={"Content-Type": kind}))


@pytest.mark.parametrize(
    ("user", "method", "path", "status", "code"),
    [
        ("ada", "GET", "/api/v1/models/ada/none", 404, 404),
        (None, "GET", "/api/v1/models/ada/none", 404, 404),
        (None, "POST", "/api/v1/models", 401, 401),
        ("eve", "POST", "/api/v1/repos/models/{}/commit/main", 403, 403),
        ("ada", "GET", "/api/v1/models/{}/repo?Revision=none&FilePath=x", 404, 404),
        ("ada", "GET", "/api/v1/models/{}/repo?FilePath=none", 404, 404),
        ("ada", "GET", "/api/v1/models/{}/repo", 400, 400),
        ("ada", "GET", "/api/v1/models/{}/repo?FilePath=deep", 404, 404),
        ("ada", "GET", "/api/v1/models/{}/repo/files?Root=none", 404, 404),
        ("ada", "GET", "/api/v1/models/{}/repo/tree?PageSize=9999", 400, 400),
        ("ada", "GET", "/api/v1/datasets/999999/repo/tree", 404, 404),
        ("ada", "GET", "/api/v1/datasets/x/repo/tree", 404, 404),
        ("ada", "DELETE", "/api/v1/models/{}/file?FilePath=none", 404, 404),
    ],
)
def test_what_is_refused(
    hub: Hub, repository: Repository, user: str | None, method: str, path: str, status: int, code: int
) -> None:
    answer = hub.client(user).request(method, path.format(repository.full_name), json={"Name": "x", "actions": []})
    assert (answer.status_code, answer.json()["Code"]) == (status, code)
    check(answer)


def test_the_codes_clients_act_on(hub: Hub, repository: Repository) -> None:
    client = hub.client()
    taken = client.post("/api/v1/models", json={"Path": "ada", "Name": repository.name})
    wrong = client.post("/api/v1/login", json={"AccessToken": "hf_wrongwrongwrong"})
    assert (taken.status_code, taken.json()["Code"]) == (409, 10010101001)
    assert (wrong.status_code, wrong.json()["Code"]) == (401, 10010103009)


def test_the_newer_interface_names_its_errors(hub: Hub) -> None:
    for user, path, status, name in [
        ("ada", "/openapi/v1/models/ada/none", 404, "ResourceNotFound"),
        (None, "/openapi/v1/users/me", 401, "InvalidAuthentication"),
        ("ada", "/openapi/v1/models?sort=colour", 400, "InputParameterError"),
        ("ada", "/openapi/v1/models?page_number=400&page_size=10", 400, "InputParameterError"),
    ]:
        answer = hub.client(user).get(path)
        assert (answer.status_code, answer.json()["code"]) == (status, name)
        check(answer)


def test_messages_come_in_the_callers_language(hub: Hub) -> None:
    answer = hub.client().get("/api/v1/models/ada/none", headers={"Accept-Language": "zh-CN"})
    assert any("\u4e00" <= letter <= "\u9fff" for letter in answer.json()["Message"])


def test_a_renamed_repository_is_found(hub: Hub, repository: Repository) -> None:
    client, old = hub.client(), repository.full_name
    moved = client.post("/api/repos/move", json={"fromRepo": old, "toRepo": f"{old}-new", "type": "model"})
    assert moved.status_code == 200, moved.text
    for path in (
        f"/api/v1/models/{old}",
        f"/openapi/v1/models/{old}",
        f"/api/v1/models/{old}/repo/files?Recursive=True",
    ):
        answer = client.get(path)
        assert answer.status_code == 307
        assert client.get(answer.headers["Location"]).status_code == 200


def test_the_login_is_a_cookie_for_these_paths_alone(hub: Hub) -> None:
    answer = hub.client(None).post("/api/v1/login", json={"AccessToken": TOKENS["ada"]})
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"m_session_id={TOKENS['ada']};")
    assert {"HttpOnly", "Path=/api/v1", "SameSite=strict"} <= set(cookie.split("; "))
    data: dict[str, Any] = answer.json()["Data"]
    assert (data["AccessToken"], data["Username"]) == (TOKENS["ada"], "ada")
