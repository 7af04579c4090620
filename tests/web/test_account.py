"""Signing in and out, and joining."""

from pathlib import Path

import httpx
import pytest

from commonground.http.identity import SESSION_COOKIE
from tests.web.hub import ORIGIN, PASSWORD, Hub, running

pytestmark = pytest.mark.anyio

EVE = {"name": "eve", "password": PASSWORD, "password_again": PASSWORD, "full_name": "Eve", "email": "eve@example.org"}


async def name_shown(browser: httpx.AsyncClient) -> str:
    """Whose profile the menu of the page leads to."""
    return (await browser.get("/")).text.partition('<div>\n          <a href="/')[2].partition('"')[0]


async def test_signing_in_and_out(hub: Hub) -> None:
    browser = await hub.signed_in()
    assert await name_shown(browser) == "ada"
    assert (await browser.get("/login?next=/models")).headers["location"] == "/models"
    answer = await browser.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert await name_shown(browser) == ""


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_of_other_sites(hub: Hub) -> None:
    await hub.signed_in()
    answer = await hub.browser().post("/login", data={"name": "ADA", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


async def test_a_wrong_password_says_no_more_than_an_unknown_name(hub: Hub) -> None:
    await hub.signed_in()
    pages = []
    for name in ("ada", "nob"):
        answer = await hub.visitor.post("/login", data={"name": name, "password": "wrong", "next": "/models"})
        assert answer.status_code == 422
        assert SESSION_COOKIE not in answer.cookies
        pages.append(answer.text.replace(name, "-"))
    assert pages[0] == pages[1]
    assert "The name or the password is wrong." in pages[0]
    assert 'name="next" value="/models"' in pages[0]


async def test_after_signing_in_only_paths_of_this_site_are_followed(hub: Hub) -> None:
    await hub.signed_in()
    for wanted, address in (("/models", "/models"), ("//evil.example", "/"), ("https://evil.example", "/")):
        form = {"name": "ada", "password": PASSWORD, "next": wanted}
        assert (await hub.browser().post("/login", data=form)).headers["location"] == address


async def test_other_sites_cannot_sign_somebody_in_or_out(hub: Hub) -> None:
    browser = await hub.signed_in()
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        for path in ("/login", "/logout", "/settings/tokens", "/new"):
            answer = await browser.post(path, data={"name": "x"}, headers=headers)
            assert answer.status_code == 403
            assert "CG-1007" in answer.text
    assert (await browser.post("/logout", headers={"Origin": ORIGIN})).status_code == 303


async def test_joining_where_registration_is_open(tmp_path: Path) -> None:
    async with running(tmp_path, registration="open") as hub:
        browser = hub.browser()
        assert (await browser.post("/join", data=EVE)).status_code == 303
        assert await name_shown(browser) == "eve"
        again = await hub.visitor.post("/join", data=EVE)
        assert (again.status_code, "The name eve is taken." in again.text) == (409, True)
        for change in (
            {"name": "models"},
            {"password_again": "x"},
            {"password": "short", "password_again": "short"},
            {"name": ""},
        ):
            answer = await hub.visitor.post("/join", data={**EVE, "name": "eva", **change})
            assert answer.status_code in {400, 422}, change
            assert 'role="alert"' in answer.text
            assert PASSWORD not in answer.text


@pytest.mark.parametrize("registration", ["invite", "closed"])
async def test_joining_where_registration_is_not_open(tmp_path: Path, registration: str) -> None:
    async with running(tmp_path, registration=registration) as hub:
        assert "<form method" not in (await hub.visitor.get("/join")).text.partition("<main")[2]
        answer = await hub.visitor.post("/join", data=EVE)
        assert (answer.status_code, SESSION_COOKIE in answer.cookies) == (403, False)


async def test_the_first_administrator_joins_through_a_link_that_works_once(hub: Hub) -> None:
    code = await hub.services.accounts.first_admin_link()
    browser = hub.browser()
    assert "Become the first administrator" in (await browser.get(f"/join/{code}")).text
    refused = await browser.post(f"/join/{code}", data={**EVE, "password_again": "other"})
    assert (refused.status_code, "The two passwords differ." in refused.text) == (422, True)
    assert (await browser.post(f"/join/{code}", data=EVE)).status_code == 303
    assert (await hub.services.accounts.find("eve")).is_admin
    assert (await hub.visitor.get(f"/join/{code}")).status_code == 410
    assert (await hub.visitor.post(f"/join/{code}", data={**EVE, "name": "eva"})).status_code == 410


async def test_problems_are_told_in_the_language_of_the_page(hub: Hub) -> None:
    answer = await hub.visitor.post("/login", data={"name": "x", "password": "y"}, headers={"Accept-Language": "zh"})
    assert "用户名或密码错误。" in answer.text


async def test_forms_are_bounded(hub: Hub) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await hub.visitor.post("/login", content=b"a=" + b"x" * 70_000, headers=kind)).status_code == 413
    assert (await hub.visitor.post("/login", content=b"&".join([b"a=1"] * 200), headers=kind)).status_code == 400
    assert (await hub.visitor.post("/login", content=b"name=%ff", headers=kind)).status_code == 400
    assert (await hub.visitor.post("/login", json={})).status_code == 400
