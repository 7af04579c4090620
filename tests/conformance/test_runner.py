"""A check never stops the others, whatever a hub answers."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from commonground.conformance.model import (
    Failed,
    Report,
    Skipped,
    checks,
    expect,
    expect_status,
    fail,
    header,
    json_of,
)
from commonground.conformance.oci.registry import expect_error
from commonground.conformance.runner import run


def passes(_target: Any) -> None:
    """It passes."""


def fails(_target: Any) -> None:
    """It fails."""
    raise Failed("because")


def is_skipped(_target: Any) -> None:
    """It is skipped."""
    raise Skipped("for a reason")


def is_cut(_target: Any) -> None:
    """The connection is cut."""
    raise httpx.ReadError("cut")


def is_misshapen(_target: Any) -> None:
    """The answer is misshapen."""
    raise IndexError("list index out of range")


EVERY: list[Callable[[Any], None]] = [passes, fails, is_skipped, is_cut, is_misshapen]


def test_outcomes() -> None:
    found = list(run(checks("Section 1", EVERY), None, write=False))
    assert [(outcome.name, outcome.state) for outcome in found] == [
        ("passes", "passed"),
        ("fails", "failed"),
        ("is-skipped", "skipped"),
        ("is-cut", "failed"),
        ("is-misshapen", "failed"),
    ]
    assert found[0].asks == "It passes."
    assert found[3].reason == "no sound answer: cut"
    assert "IndexError" in found[4].reason


def test_writing_has_to_be_asked_for() -> None:
    [left_out] = run(checks("", [fails], writes=True), None, write=False)
    assert (left_out.state, "--write" in left_out.reason) == ("skipped", True)
    [made] = run(checks("", [fails], writes=True), None, write=True)
    assert made.state == "failed"


def test_what_is_recommended_does_not_decide() -> None:
    for required in (True, False):
        outcomes = list(run(checks("", [fails], required=required), None, write=False))
        assert Report(address="", protocol="", repository="", outcomes=outcomes).conforms is not required


def answer(status: int = 200, content: bytes = b"", **headers: str) -> httpx.Response:
    return httpx.Response(
        status, content=content, headers=headers, request=httpx.Request("GET", "http://hub.test/a?b=c")
    )


@pytest.mark.parametrize(
    ("what", "text"),
    [
        (lambda: expect_status(answer(500), 200, 404), "GET /a?b=c answered 500, not 200 or 404"),
        (lambda: header(answer(), "Link"), "the header Link is missing"),
        (lambda: json_of(answer(content=b"<html>"), dict), "the body is not JSON"),
        (lambda: json_of(answer(content=b"[]"), dict), "the body is a JSON list, not a dict"),
        (lambda: expect(0, "no"), "no"),
        (lambda: fail("no"), "no"),
        (lambda: expect_error(answer(content=b"{}")), "the body has no list 'errors'"),
        (lambda: expect_error(answer(content=b'{"errors": [1]}')), "an error has no code"),
        (lambda: expect_error(answer(content=b'{"errors": [{"code": "A"}]}'), "B"), "the code is ['A'], not B"),
    ],
)
def test_reasons(what: Callable[[], object], text: str) -> None:
    with pytest.raises(Failed, match="^" + __import__("re").escape(text) + "$"):
        what()
