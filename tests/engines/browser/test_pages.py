"""Every page in Chromium: accessible, light, readable without scripts, at home in both themes and languages."""

import json
from statistics import median
from typing import Any

import pytest
from bench.server import Server

from tests.engines.browser.conftest import HERE, NAME, PASSWORD, Inspect
from tests.engines.conftest import Script

DEMO = f"/spaces/{NAME}/demo"
OWN = [
    "/new",
    DEMO,
    f"{DEMO}/tree/main",
    f"{DEMO}/edit/main/README.md",
    f"{DEMO}/settings",
    "/settings/profile",
    "/settings/tokens",
    "/settings/password",
]
KIB = 1024


@pytest.fixture(scope="module")
def found(inspect: Inspect, pages: list[str], session: list[dict[str, str]]) -> list[dict[str, Any]]:
    """What there is to know of every page, for visitors and for people who have signed in."""
    return inspect([*pages, "/login", "/join"]) + inspect(["/", *OWN], cookies=session)


def where(page: dict[str, Any]) -> str:
    return f"{page['path']} {page['scheme']} {page['locale']}"


def test_nothing_is_out_of_reach(found: list[dict[str, Any]]) -> None:
    assert {where(page): page["violations"] for page in found if page["violations"]} == {}


def test_the_checker_finds_what_is_wrong(inspect: Inspect) -> None:
    [spoilt] = inspect(["/login"], spoil=True, schemes=["light"], locales=["en"])
    assert [violation["rule"] for violation in spoilt["violations"]] == ["image-alt"]


def test_pages_are_light(found: list[dict[str, Any]]) -> None:
    for page in found:
        assert page["bytes"] <= 120 * KIB, where(page)
        assert page["requests"] <= 15, where(page)
        assert page["scripts"] <= 40 * KIB, where(page)
    assert median(page["paint"] for page in found) < 500


def test_nothing_scrolls_sideways_on_a_telephone(found: list[dict[str, Any]]) -> None:
    assert [where(page) for page in found if page["overflow"] > 0] == []


def test_nothing_is_refused_by_the_policy_and_no_text_of_strangers_runs(found: list[dict[str, Any]]) -> None:
    assert {where(page): page["problems"] for page in found if page["problems"]} == {}


def test_the_theme_follows_the_system(found: list[dict[str, Any]]) -> None:
    light, dark = ({page["background"] for page in found if page["scheme"] == scheme} for scheme in ("light", "dark"))
    assert (len(light), len(dark), light & dark) == (1, 1, set())


def test_the_language_follows_the_browser(found: list[dict[str, Any]]) -> None:
    assert {(page["locale"], page["language"]) for page in found} == {("en-US", "en"), ("zh-CN", "zh-Hans")}


def test_pages_can_be_read_without_scripts(inspect: Inspect, found: list[dict[str, Any]], pages: list[str]) -> None:
    lengths = {(page["path"], page["locale"]): page["text"] for page in found}
    for page in inspect(pages, scripts=False, axe=False, schemes=["light"], locales=["en-US"]):
        assert page["text"] > 0.9 * lengths[page["path"], page["locale"]], page["path"]


def test_a_journey_with_the_keyboard(node: Script, server: Server, browser: str, pages: list[str]) -> None:
    script = (HERE / "journey.mjs").read_text()
    journey = json.loads(node(script, browser, server.url, NAME, PASSWORD))
    assert journey["first"] == "Skip to the content"
    assert journey["skipped"] == "main"
    assert journey["token"].startswith("hf_")
    assert journey["copied"] == journey["token"]
    assert journey["suggestions"] == ["bench/speech"]
    assert "spee" in journey["heading"]
