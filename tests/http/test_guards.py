import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from commonground.http.application import Application
from commonground.http.guards import same_origin_guard
from commonground.http.identity import SESSION_COOKIE
from commonground.http.routing import Route, Router
from commonground.settings import Settings

pytestmark = pytest.mark.anyio

COOKIE = {"cookie": f"{SESSION_COOKIE}=x"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
FOREIGN = {"sec-fetch-site": "cross-site"}


async def done(_request: Request) -> Response:
    return PlainTextResponse("done")


async def status(method: str, headers: dict[str, str], settings: Settings | None = None) -> int:
    routes = [Route(method=name, template="/x", handler=done) for name in ("GET", "POST", "DELETE")]
    app = Application(Router(routes), guards=(same_origin_guard(settings or Settings()),))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub:8000") as client:
        return (await client.request(method, "/x", headers=headers)).status_code


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("given", [COOKIE, {"cookie": "m_session_id=x", "content-type": "application/json"}, FORM,
                                   {"content-type": "multipart/form-data; boundary=x"},
                                   {"content-type": "Text/Plain"}, {}])  # fmt: skip
@pytest.mark.parametrize(
    "source",
    [FOREIGN, {"sec-fetch-site": "same-site"}, {"origin": "http://evil"}, {"origin": "null"},
     {"origin": "http://hub:9000"}, {"origin": "https://hub:8000"}, {"sec-fetch-site": "cross-site", "origin": "http://hub:8000"}],
)  # fmt: skip
async def test_other_sites_change_nothing(method: str, given: dict[str, str], source: dict[str, str]) -> None:
    assert await status(method, {**given, **source}) == 403


@pytest.mark.parametrize("given", [COOKIE, FORM])
@pytest.mark.parametrize(
    "source",
    [{"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {"origin": "http://hub:8000"},
     {"origin": "HTTP://HUB:8000"}, {}],
)  # fmt: skip
async def test_our_own_pages_and_programs_may(given: dict[str, str], source: dict[str, str]) -> None:
    assert await status("POST", {**given, **source}) == 200


async def test_reading_is_free() -> None:
    assert await status("GET", {**COOKIE, **FOREIGN}) == 200


async def test_a_token_proves_intent() -> None:
    assert await status("POST", {**COOKIE, **FORM, **FOREIGN, "authorization": "Bearer x"}) == 200


async def test_without_a_cookie_an_api_call_has_nothing_to_abuse() -> None:
    assert await status("POST", {**FOREIGN, "content-type": "application/json"}) == 200


async def test_our_origin_is_the_public_one() -> None:
    settings = Settings(public_url="https://hub.example.org/base")
    assert await status("POST", {**COOKIE, "origin": "https://hub.example.org"}, settings) == 200
    assert await status("POST", {**COOKIE, "origin": "http://hub:8000"}, settings) == 403
