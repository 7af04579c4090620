"""The pages of runs in Chromium: what holds for every page, the live log, and the way from the list to a comparison."""

import json
from typing import Any

import pytest
from bench.server import Server

from tests.engines.browser.conftest import HERE, OPERATOR, Inspect
from tests.engines.conftest import Script

KIB = 1024


@pytest.fixture(scope="module")
def found(inspect: Inspect, run_pages: list[str], operating: list[dict[str, str]]) -> list[dict[str, Any]]:
    return inspect(run_pages, cookies=operating)


def where(page: dict[str, Any]) -> str:
    return f"{page['path']} {page['scheme']} {page['locale']}"


def test_pages_of_runs_are_within_reach(found: list[dict[str, Any]]) -> None:
    assert {where(page): page["violations"] for page in found if page["violations"]} == {}
    assert {where(page): page["problems"] for page in found if page["problems"]} == {}
    assert {page["status"] for page in found} == {200}


def test_they_are_light(found: list[dict[str, Any]]) -> None:
    heavy = {where(page): (page["bytes"] / KIB, page["requests"], page["scripts"] / KIB) for page in found
             if page["bytes"] > 22 * KIB or page["requests"] > 6 or page["scripts"] > 3 * KIB}  # fmt: skip
    assert heavy == {}


def test_they_fit_a_telephone(found: list[dict[str, Any]]) -> None:
    assert [where(page) for page in found if page["overflow"] > 0] == []


def test_they_can_be_read_without_scripts(
    inspect: Inspect, found: list[dict[str, Any]], run_pages: list[str], operating: list[dict[str, str]]
) -> None:
    lengths = {(page["path"], page["locale"]): page["text"] for page in found}
    for page in inspect(run_pages, scripts=False, axe=False, schemes=["light"], locales=["en-US"], cookies=operating):
        assert page["text"] > 0.9 * lengths[page["path"], page["locale"]], page["path"]


def test_a_run_is_watched_ended_and_compared_with_the_keyboard(
    node: Script, server: Server, browser: str, run_pages: list[str], operating: list[dict[str, str]]
) -> None:
    script = (HERE / "run_journey.mjs").read_text()
    journey = json.loads(node(script, browser, server.url, json.dumps(operating)))
    assert journey["owner"] == OPERATOR
    assert journey["live"] == ["first words", "later words"]
    assert journey["drawn"] == "steps: from 1 to 2"
    assert journey["states"] == ["running", "succeeded"]
    assert journey["focus"] == "log"
    assert journey["cancelled"] == "cancelled"
    assert "Compare runs" in journey["heading"]
