"""The error envelope the client reads from headers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from commonground import errors
from commonground.gateways.huggingface.errors import render_error


def request(path: str = "/api/models/o/n", *, token: bool = False, **params: str) -> Request:
    headers = [(b"authorization", b"Bearer hf_x")] if token else []
    path, _, query = path.partition("?")
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": headers,
            "path_params": params,
        }
    )


@pytest.mark.parametrize(
    ("error", "token", "status", "code"),
    [
        (errors.RepositoryNotFound(), True, 404, "RepoNotFound"),
        (errors.RepositoryNotFound(), False, 401, "RepoNotFound"),
        (errors.RevisionNotFound(revision="v1"), True, 404, "RevisionNotFound"),
        (errors.EntryNotFound(path="a"), False, 404, "EntryNotFound"),
        (errors.FileToDeleteNotFound(path="a"), True, 404, "EntryNotFound"),
        (errors.GatedRepository(repository="o/n"), True, 403, "GatedRepo"),
        (errors.GatedRepository(repository="o/n"), False, 401, "GatedRepo"),
        (errors.InvalidPath(path="..", reason="x"), True, 422, "CG-1205"),
        (errors.StaleParent(), True, 412, "CG-1206"),
    ],
)
def test_status_and_code(error: errors.CommongroundError, token: bool, status: int, code: str) -> None:
    response = render_error(request(token=token), error)
    assert (response.status_code, response.headers["x-error-code"]) == (status, code)
    assert response.headers["x-error-message"] == str(error)
    assert json.loads(bytes(response.body)) == {"error": str(error), "code": error.code}


def test_a_wrong_token_is_told_in_the_words_the_client_looks_for() -> None:
    response = render_error(request(token=True), errors.InvalidCredentials())
    assert response.status_code == 401
    assert response.headers["x-error-message"] == "Invalid credentials in Authorization header"


def test_a_missing_file_names_the_commit_that_lacks_it() -> None:
    response = render_error(request(), errors.EntryNotFound(path="a", commit="ab" * 20))
    assert response.headers["x-repo-commit"] == "ab" * 20


@given(st.text())
def test_no_path_can_break_a_header(path: str) -> None:
    message = render_error(request(), errors.EntryNotFound(path=path)).headers["x-error-message"]
    assert message.isascii()
    assert message.isprintable()


def _moved(path: str, owner: str = "old", name: str = "one") -> Response:
    return render_error(request(path, owner=owner, name=name), errors.RepositoryMoved(repository="new/two"))


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/api/models/old/one", "/api/models/new/two"),
        ("/api/datasets/old/one/tree/refs%2Fpr%2F1?recursive=true", "/api/datasets/new/two/tree/refs%2Fpr%2F1?recursive=true"),
        ("/old/one/resolve/main/old/one", "/new/two/resolve/main/old/one"),
        ("/datasets/old/one/resolve/main/a%20b", "/datasets/new/two/resolve/main/a%20b"),
    ],
)  # fmt: skip
def test_an_old_id_leads_to_the_same_place_of_the_new_one(path: str, location: str) -> None:
    response = _moved(path)
    assert (response.status_code, response.headers["location"]) == (307, location)
