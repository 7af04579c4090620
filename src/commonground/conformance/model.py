"""What a check is, and what comes out of it."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NoReturn

import httpx
import msgspec

State = Literal["passed", "failed", "skipped"]


class Failed(Exception):
    """The hub does not do what a check asks for; the text says what it did instead."""


class Skipped(Exception):
    """A check cannot be made here; the text says why."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a protocol asks for. ``run`` returns, or raises :class:`Failed` or :class:`Skipped`.

    ``required`` is false for what the specification only recommends; ``writes`` is true where the hub is changed.
    """

    name: str
    section: str
    asks: str
    run: Callable[[Any], None]
    required: bool = True
    writes: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of one check; ``reason`` is empty where it passed."""

    name: str
    section: str
    asks: str
    required: bool
    state: State
    reason: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All outcomes for one hub."""

    address: str
    protocol: str
    repository: str
    outcomes: list[Outcome]

    def count(self, state: State) -> int:
        """How many checks came out so."""
        return sum(outcome.state == state for outcome in self.outcomes)

    @property
    def conforms(self) -> bool:
        """Whether no required check failed."""
        return not any(outcome.required and outcome.state == "failed" for outcome in self.outcomes)


def checks(
    section: str, functions: Sequence[Callable[[Any], None]], *, required: bool = True, writes: bool = False
) -> list[Check]:
    """One check a function: its name is the check's name, its docstring what the check asks for."""
    return [
        Check(
            name=function.__name__.replace("_", "-"),
            section=section,
            asks=" ".join((function.__doc__ or "").split()),
            run=function,
            required=required,
            writes=writes,
        )
        for function in functions
    ]


def fail(text: str) -> NoReturn:
    """End a check: failed."""
    raise Failed(text)


def expect(condition: object, text: str) -> None:
    """Go on if ``condition`` holds; else the check failed, and ``text`` says what is there instead."""
    if not condition:
        raise Failed(text)


def expect_status(answer: httpx.Response, *statuses: int) -> httpx.Response:
    """``answer``, if its status is one of these."""
    wanted = " or ".join(map(str, statuses))
    request = f"{answer.request.method} {answer.request.url.raw_path.decode('ascii', 'replace')[:200]}"
    expect(answer.status_code in statuses, f"{request} answered {answer.status_code}, not {wanted}")
    return answer


def header(answer: httpx.Response, name: str) -> str:
    """The value of a header that has to be there."""
    value = answer.headers.get(name)
    if value is None:
        raise Failed(f"the header {name} is missing")
    return str(value)


def json_of(answer: httpx.Response, kind: type[Any]) -> Any:
    """The JSON body, which has to be a ``kind``."""
    try:
        value = answer.json()
    except ValueError:
        raise Failed("the body is not JSON") from None
    expect(isinstance(value, kind), f"the body is a JSON {type(value).__name__}, not a {kind.__name__}")
    return value
