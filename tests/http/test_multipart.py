"""Forms with files, however they are cut into pieces."""

from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from commonground.errors import BadRequest, PayloadTooLarge
from commonground.http.multipart import PARTS_LIMIT, read_parts

pytestmark = pytest.mark.anyio

HEAD = "multipart/form-data; boundary=xx"
Field = tuple[str, str | None, bytes]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def body(fields: Sequence[Field]) -> bytes:
    """The fields as a browser sends them."""
    parts = []
    for name, filename, content in fields:
        file = "" if filename is None else f'; filename="{filename}"'
        head = f'--xx\r\nContent-Disposition: form-data; name="{name}"{file}\r\n'
        kind = "" if filename is None else "Content-Type: application/octet-stream\r\n"
        parts.append(f"{head}{kind}\r\n".encode() + content + b"\r\n")
    return b"".join(parts) + b"--xx--\r\n"


def request(data: bytes, cut: int = 7, content_type: str = HEAD) -> Request:
    """A request whose body arrives in pieces of ``cut`` bytes."""
    pieces = [data[at : at + cut] for at in range(0, len(data), cut)]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": pieces.pop(0) if pieces else b"", "more_body": bool(pieces)}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", content_type.encode())]}
    return Request(scope, receive)


async def joined(content: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in content])


async def read(asked: Request, limit: int = 10**6) -> list[Field]:
    return [(part.name, part.filename, await joined(part.content)) async for part in read_parts(asked, limit)]


names = st.text(
    st.characters(codec="utf-8", exclude_characters='"\\\r\n\0', exclude_categories=["Cc", "Cs"]), max_size=20
)


@given(
    st.lists(st.tuples(names, st.none() | names, st.binary(max_size=200)), min_size=1, max_size=5), st.integers(1, 64)
)
async def test_what_was_sent_is_what_is_read(fields: list[Field], cut: int) -> None:
    if all(b"--xx" not in content for _, _, content in fields):
        assert await read(request(body(fields), cut)) == fields


async def test_parts_that_are_not_read_are_skipped() -> None:
    asked = request(body([("a", "big.bin", b"x" * 5000), ("title", None, b"Add")]))
    seen = [await part.text() if part.filename is None else "" async for part in read_parts(asked, 10**5)]
    assert seen == ["", "Add"]


@pytest.mark.parametrize(
    "data",
    [b"", b"--xx\r\n", body([("a", "b", b"c")])[:-10], b"nonsense", b"--xx\r\nbroken header\r\n\r\nx\r\n--xx--\r\n"],
)
async def test_a_form_that_is_cut_short_or_broken_is_refused(data: bytes) -> None:
    with pytest.raises(BadRequest):
        await read(request(data))


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"])
async def test_another_type_is_refused(kind: str) -> None:
    with pytest.raises(BadRequest):
        await read(request(body([("a", None, b"b")]), content_type=kind))


async def test_size_and_number_are_bounded() -> None:
    with pytest.raises(PayloadTooLarge):
        await read(request(body([("a", "b", b"x" * 5000)])), limit=1000)
    with pytest.raises(BadRequest, match="parts"):
        await read(request(body([("a", None, b"")] * (PARTS_LIMIT + 1)), cut=1000))


async def texts(asked: Request) -> list[str]:
    return [await part.text() async for part in read_parts(asked, 10**6)]


async def test_a_field_of_text_is_bounded_and_text() -> None:
    with pytest.raises(PayloadTooLarge):
        await texts(request(body([("a", None, b"x" * 70_000)]), cut=4096))
    with pytest.raises(BadRequest, match="UTF-8"):
        await texts(request(body([("a", None, b"\xff")])))
