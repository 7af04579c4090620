"""Addresses an answer leads to."""

import pytest
from starlette.requests import Request

from commonground.errors import RepositoryMoved
from commonground.http.addresses import moved_location, next_link


def request(path: bytes, query: bytes = b"", **params: str) -> Request:
    return Request({
        "type": "http", "method": "GET", "path": path.decode(), "raw_path": path, "query_string": query, "headers": [],
        "path_params": params,
    })  # fmt: skip


def test_the_next_page_keeps_the_query_and_the_encoded_path() -> None:
    asked = request(b"/api/models/a/b/tree/refs%2Fpr%2F1", b"recursive=true&cursor=old&expand=1&expand=2")
    assert next_link(asked, "new/+") == {
        "Link": '</api/models/a/b/tree/refs%2Fpr%2F1?recursive=true&expand=1&expand=2&cursor=new%2F%2B>; rel="next"'
    }
    assert next_link(asked, "c", "http://hub")["Link"].startswith("<http://hub/api/")


def test_the_last_page_has_no_link() -> None:
    assert next_link(request(b"/api/models"), None) == {}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/old/name/resolve/main/a%20b", "/new/place/resolve/main/a%20b"),
        (b"/datasets/old/name.git/info/refs", "/datasets/new/place.git/info/refs"),
        (b"/api/cg/v1/repositories/models/old/name", "/api/cg/v1/repositories/models/new/place"),
        (b"/api/models/%6Fld/name/tree/main", "/api/models/new/place/tree/main"),
        (b"/old/name/resolve/main/old/name", "/new/place/resolve/main/old/name"),
    ],
)
def test_a_moved_repository_is_at_the_same_place_below_its_new_id(path: bytes, expected: str) -> None:
    moved = RepositoryMoved(repository="new/place")
    assert moved_location(request(path, owner="old", name="name"), moved) == {"Location": expected}
    assert moved_location(request(path, b"a=1", owner="old", name="name"), moved) == {"Location": f"{expected}?a=1"}


def test_a_path_without_the_repository_leads_nowhere() -> None:
    assert moved_location(request(b"/api/repos/move"), RepositoryMoved(repository="new/place")) == {}
