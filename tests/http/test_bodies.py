import contextlib
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from commonground.errors import BadRequest, PayloadTooLarge
from commonground.http.bodies import decode_json, read_body, read_json

pytestmark = pytest.mark.anyio


class Named(msgspec.Struct):
    name: str = ""


def request(parts: Iterable[bytes], headers: dict[str, str] | None = None) -> tuple[Request, list[bytes]]:
    left = list(parts)

    async def receive() -> Message:
        body = left.pop(0) if left else b""
        return {"type": "http.request", "body": body, "more_body": bool(left)}

    raw = [(name.encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": raw}, receive), left


async def test_a_body_is_read_up_to_its_limit() -> None:
    assert await read_body(request([b"ab", b"", b"c"])[0], 3) == b"abc"


async def test_a_body_above_the_limit_is_not_read_to_its_end() -> None:
    asked, left = request([b"x" * 10] * 5)
    with pytest.raises(PayloadTooLarge):
        await read_body(asked, 15)
    assert len(left) == 3


@pytest.mark.parametrize("announced", ["16", "9" * 30, "9" * 5000])
async def test_an_announced_length_above_the_limit_is_refused_unread(announced: str) -> None:
    asked, left = request([b"x"], {"content-length": announced})
    with pytest.raises(PayloadTooLarge):
        await read_body(asked, 15)
    assert left == [b"x"]


@pytest.mark.parametrize("announced", ["", "-1", "\u00b2", "1e3", "0x10"])
async def test_an_unreadable_length_is_left_to_the_count(announced: str) -> None:
    assert await read_body(request([b"abc"], {"content-length": announced})[0], 15) == b"abc"


async def test_json_becomes_the_asked_type_and_nothing_counts_as_an_empty_object() -> None:
    assert await read_json(request([b'{"name":', b'"n"}'])[0], Named) == Named("n")
    assert await read_json(request([])[0], Named) == Named()


@pytest.mark.parametrize("data", [b'{"name": 1}', b"{", b"[]", b'"\xff"', b"[" * 100_000, b'{"name": "\\ud800"}'])
def test_what_does_not_fit_is_a_bad_request(data: bytes) -> None:
    with pytest.raises(BadRequest):
        decode_json(data, Named)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_value_or_a_bad_request(data: bytes) -> None:
    with contextlib.suppress(BadRequest):
        decode_json(data, Named)
