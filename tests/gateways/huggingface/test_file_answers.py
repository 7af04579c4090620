"""How one file is sent: full, by range, headers only, or not at all."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from commonground.errors import CorruptBlob
from commonground.http.application import Application
from commonground.http.files import SMALL, UNTRUSTED, Content, disposition, send_file
from commonground.http.media_types import media_type
from commonground.http.routing import Route, Router

DATA = bytes(range(256)) * 4
LARGE = 3 * SMALL

Serve = Callable[..., httpx.Response]


async def _read(start: int, end: int) -> AsyncIterator[bytes]:
    for at in range(start, end, 100):
        yield DATA[at : min(end, at + 100)]


def application(content: Content) -> Application:
    async def handler(request: Request) -> Response:
        return await send_file(request, content, {"X-Repo-Commit": "c", **UNTRUSTED})

    return Application(Router([Route(method="GET", template="/f", handler=handler)]))


@pytest.fixture
def fetch() -> Serve:
    content = Content(size=len(DATA), etag="tag", media_type="text/plain", read=_read)

    def serve(method: str = "GET", **headers: str) -> httpx.Response:
        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(app=application(content))
            async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                return await client.request(method, "/f", headers=named)

        return anyio.run(run)

    return serve


def test_the_whole_file(fetch: Serve) -> None:
    answer = fetch()
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-length"] == "1024"
    assert answer.headers["etag"] == '"tag"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_head_announces_the_length_and_sends_nothing(fetch: Serve) -> None:
    answer = fetch("HEAD", Range="bytes=0-1")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "1024")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=100-349", 100, 350), ("bytes=1000-", 1000, 1024), ("bytes=-24", 1000, 1024),
     ("bytes=1000-99999", 1000, 1024)],
)  # fmt: skip
def test_one_range(fetch: Serve, asked: str, start: int, end: int) -> None:
    answer = fetch(Range=asked)
    assert (answer.status_code, answer.content) == (206, DATA[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/1024"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "items=0-1", "bytes=5-1"])
def test_ranges_that_may_be_ignored_are_answered_with_the_whole_file(fetch: Serve, asked: str) -> None:
    answer = fetch(Range=asked)
    assert (answer.status_code, answer.content) == (200, DATA)


def test_a_range_behind_the_end(fetch: Serve) -> None:
    answer = fetch(Range="bytes=1024-")
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */1024")


@pytest.mark.parametrize("condition", ['"tag"', 'W/"tag"', '"other", "tag"', "*"])
def test_what_the_caller_has_is_not_sent_again(fetch: Serve, condition: str) -> None:
    answer = fetch(If_None_Match=condition)
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", '"tag"')


def test_another_tag_sends_the_file(fetch: Serve) -> None:
    assert fetch(If_None_Match='"other"').status_code == 200


def test_a_resumed_download_of_a_changed_file_starts_over(fetch: Serve) -> None:
    assert fetch(Range="bytes=5-", If_Range='"tag"').status_code == 206
    assert fetch(Range="bytes=5-", If_Range='"other"').status_code == 200


def test_a_large_file_is_streamed() -> None:
    async def read(start: int, end: int) -> AsyncIterator[bytes]:
        for at in range(start, end, SMALL):
            yield bytes(min(SMALL, end - at))

    async def run() -> httpx.Response:
        content = Content(size=LARGE, etag="t", media_type="text/plain", read=read)
        transport = httpx.ASGITransport(app=application(content))
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            return await client.get("/f", headers={"Range": "bytes=1-"})

    answer = anyio.run(run)
    assert (answer.status_code, len(answer.content)) == (206, LARGE - 1)


@pytest.mark.parametrize("size", [5, 2**20])
def test_damage_found_before_the_first_byte_is_an_error_answer(size: int) -> None:
    async def damaged(start: int, end: int) -> AsyncIterator[bytes]:
        if end > start:
            raise CorruptBlob(oid="x")
        yield b""

    async def run() -> httpx.Response:
        content = Content(size=size, etag="t", media_type="text/plain", read=damaged)
        transport = httpx.ASGITransport(app=application(content))
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            return await client.get("/f")

    answer = anyio.run(run)
    assert (answer.status_code, answer.json()["code"]) == (CorruptBlob.status, CorruptBlob.code)


def test_a_local_file_is_handed_to_the_server_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "content"
    path.write_bytes(DATA)

    async def local() -> Path:
        return path

    content = Content(size=len(DATA), etag="t", media_type="text/plain", read=_read, local=local)
    assert anyio.run(_messages, application(content))[1] == {"type": "http.response.pathsend", "path": str(path)}


async def _messages(app: Callable[[Scope, Receive, Send], object]) -> list[Message]:
    sent: list[Message] = []
    scope: Scope = {
        "type": "http", "method": "GET", "path": "/f", "raw_path": b"/f", "query_string": b"", "headers": [],
        "extensions": {"http.response.pathsend": {}},
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    result = app(scope, receive, send)
    assert hasattr(result, "__await__")
    await result
    return sent


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.txt", 'inline; filename="a.txt";'),
        ('a"b\r\n.txt', "inline; filename*=UTF-8''a%22b%0D%0A%2Etxt; filename=\"a_b__.txt\";"),
        ("模型", "inline; filename*=UTF-8''%E6%A8%A1%E5%9E%8B; filename=\"__\";"),
    ],
)
def test_the_file_name_survives_in_its_header(name: str, expected: str) -> None:
    assert disposition(name) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("page.HTML", "text/plain; charset=utf-8"), ("a/b.js", "text/plain; charset=utf-8"), ("x.png", "image/png"),
     ("README", "application/octet-stream"), (".gitattributes", "text/plain; charset=utf-8"),
     ("model.safetensors", "application/octet-stream")],
)  # fmt: skip
def test_nothing_a_browser_could_run_is_announced_as_such(path: str, expected: str) -> None:
    assert media_type(path) == expected
