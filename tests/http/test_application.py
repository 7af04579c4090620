from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Message

from commonground.errors import CommongroundError, NotSupported, RangeNotSatisfiable, TooManyRequests, Unauthenticated
from commonground.http.application import Application
from commonground.http.routing import Route, Router

pytestmark = pytest.mark.anyio

Handler = Callable[[Request], Awaitable[Response]]


def application(handler: Handler, **route: Any) -> Application:
    return Application(Router([Route(method="GET", template="/{name}", handler=handler, **route)]))


async def get(app: Application, path: str = "/x", **options: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        return await client.request(options.pop("method", "GET"), path, **options)


def raising(error: Exception) -> Handler:
    async def handler(_request: Request) -> Response:
        raise error

    return handler


async def greet(request: Request) -> Response:
    return PlainTextResponse(f"hello {request.path_params['name']}")


async def test_a_request_reaches_its_handler() -> None:
    answer = await get(application(greet), "/a%20b")
    assert (answer.status_code, answer.text) == (200, "hello a b")


async def test_every_answer_carries_a_request_id() -> None:
    assert len((await get(application(greet))).headers["x-request-id"]) == 32
    given = await get(application(greet), headers={"x-request-id": "mine"})
    assert given.headers["x-request-id"] == "mine"
    assert len((await get(application(greet), "/not/here")).headers["x-request-id"]) == 32


@pytest.mark.parametrize("identity", ["a\tb", "\u00e9", ""])
async def test_an_unprintable_request_id_is_replaced(identity: str) -> None:
    answer = await get(application(greet), headers={"x-request-id": identity.encode("latin-1")})
    assert len(answer.headers["x-request-id"]) == 32


async def test_an_expected_failure_has_its_status_code_and_text() -> None:
    answer = await get(application(raising(NotSupported(feature="time travel"))))
    assert answer.status_code == 501
    assert answer.json() == {"error": "time travel is not offered by this server.", "code": "CG-1008"}


async def test_the_text_is_chinese_for_those_who_prefer_it() -> None:
    answer = await get(application(raising(Unauthenticated())), headers={"accept-language": "zh-CN,en;q=0.8"})
    assert answer.json()["error"] == "请登录或提供访问令牌。"


@pytest.mark.parametrize(
    ("error", "header", "value"),
    [
        (Unauthenticated(), "www-authenticate", 'Basic realm="Commonground", charset="UTF-8"'),
        (RangeNotSatisfiable(size=7), "content-range", "bytes */7"),
        (TooManyRequests(resource="x", seconds=9), "retry-after", "9"),
    ],
)
async def test_statuses_bring_the_headers_http_asks_for(error: CommongroundError, header: str, value: str) -> None:
    assert (await get(application(raising(error)))).headers[header] == value


async def test_another_method_names_the_allowed_ones() -> None:
    answer = await get(application(greet), method="DELETE")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_a_defect_is_a_500_that_tells_nothing() -> None:
    answer = await get(application(raising(ValueError("secret detail"))))
    assert answer.status_code == 500
    assert "secret" not in answer.text


async def test_a_protocol_may_have_its_own_envelope() -> None:
    def render(_request: Request, error: CommongroundError) -> Response:
        return PlainTextResponse(f"ERR {error.code}", error.status)

    for error, text in [(Unauthenticated(), "ERR CG-1101"), (ValueError(), "ERR CG-1000")]:
        assert (await get(application(raising(error), render_error=render))).text == text


async def test_a_guard_may_answer_first() -> None:
    async def closed(_request: Request) -> Response | None:
        return PlainTextResponse("closed", 503)

    app = Application(Router([Route(method="GET", template="/{name}", handler=greet)]), guards=(closed,))
    assert (await get(app)).text == "closed"


async def pieces(*parts: bytes | Exception) -> AsyncIterator[bytes]:
    for part in parts:
        if isinstance(part, Exception):
            raise part
        yield part


async def drive(app: Application, **scope: Any) -> list[Message]:
    """The messages the server gets; unlike a client, this sees a body that was cut."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(dict(message))

    whole = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "method": "GET", "path": "/x",
             "raw_path": b"/x", "query_string": b"", "headers": [], **scope}  # fmt: skip
    try:
        await app(whole, receive, send)
    except Exception as error:  # noqa: BLE001 - what the server would see
        sent.append({"type": "raised", "error": error})
    return sent


async def test_a_stream_that_fails_after_its_start_is_cut_not_ended() -> None:
    async def handler(_request: Request) -> Response:
        return StreamingResponse(pieces(b"half", ValueError("broken")))

    sent = await drive(application(handler))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body", "raised"]
    assert sent[1]["more_body"] is True


async def test_an_answer_that_fails_before_its_start_is_an_error() -> None:
    class Failing(Response):
        async def __call__(self, *_: Any) -> None:
            raise NotSupported(feature="this")

    async def handler(_request: Request) -> Response:
        return Failing()

    assert (await get(application(handler))).status_code == 501


async def test_a_failure_after_the_answer_does_not_spoil_it() -> None:
    async def fail() -> None:
        raise ValueError("afterwards")

    async def handler(_request: Request) -> Response:
        return PlainTextResponse("done", background=BackgroundTask(fail))

    sent = await drive(application(handler))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


async def test_a_client_that_left_is_nobodys_failure() -> None:
    assert await drive(application(raising(ClientDisconnect()))) == []


async def test_websockets_are_refused() -> None:
    assert await drive(application(greet), type="websocket") == [{"type": "websocket.close", "code": 1000}]


async def lifespan(app: Application) -> list[str]:
    left = ["lifespan.startup", "lifespan.shutdown"]
    sent: list[str] = []

    async def receive() -> Message:
        return {"type": left.pop(0)}

    async def send(message: Message) -> None:
        sent.append(message["type"])

    await app({"type": "lifespan"}, receive, send)
    return sent


async def test_the_server_is_told_when_all_is_up_and_down() -> None:
    steps: list[str] = []

    async def up() -> None:
        steps.append("up")

    async def down() -> None:
        steps.append("down")

    assert await lifespan(Application(Router(), (), up, down)) == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert steps == ["up", "down"]
    assert await lifespan(Application(Router())) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_the_server_is_told_when_it_cannot_start() -> None:
    async def fail() -> None:
        raise ValueError("no disk")

    assert await lifespan(Application(Router(), startup=fail)) == ["lifespan.startup.failed"]
