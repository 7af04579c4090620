"""Query strings become typed values, or a clear refusal."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from commonground.errors import BadRequest
from commonground.http.parameters import read_query


class Query(msgspec.Struct, frozen=True):
    text: str = ""
    limit: int = 10
    flag: bool = False
    tag: tuple[str, ...] = ()
    since: int | None = None


def request(query: bytes) -> Request:
    return Request({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": query})


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", Query()),
        (b"text=a&limit=3&flag=true&since=5", Query(text="a", limit=3, flag=True, since=5)),
        (b"tag=a&tag=b", Query(tag=("a", "b"))),
        (b"limit=1&limit=2", Query(limit=2)),
        (b"unknown=1", Query()),
        (b"text=%E4%BD%A0", Query(text="你")),
    ],
)
def test_values_take_the_types_of_the_struct(query: bytes, expected: Query) -> None:
    assert read_query(request(query), Query) == expected


@pytest.mark.parametrize("query", [b"limit=x", b"limit=1.5", b"flag=maybe", b"since=", b"text=a%00b"])
def test_what_does_not_fit_is_refused(query: bytes) -> None:
    with pytest.raises(BadRequest, match="query"):
        read_query(request(query), Query)


@given(st.binary(max_size=80))
def test_no_query_does_worse_than_being_refused(query: bytes) -> None:
    with suppress(BadRequest):
        assert isinstance(read_query(request(query), Query), Query)
