"""Runs checks one after the other and keeps what came out."""

from collections.abc import Iterable, Iterator
from typing import Any

import httpx

from commonground.conformance.model import Check, Failed, Outcome, Skipped, State

_READ_ONLY: tuple[State, str] = ("skipped", "it would write; ask for that with --write and a token")


def run(checks: Iterable[Check], target: Any, *, write: bool) -> Iterator[Outcome]:
    """The outcome of each check on ``target``, in order. A check never stops the others."""
    for check in checks:
        state, reason = _READ_ONLY if check.writes and not write else _try(check, target)
        yield Outcome(
            name=check.name,
            section=check.section,
            asks=check.asks,
            required=check.required,
            state=state,
            reason=reason,
        )


def _try(check: Check, target: Any) -> tuple[State, str]:
    try:
        check.run(target)
    except Skipped as why:
        return "skipped", str(why)
    except Failed as why:
        return "failed", str(why)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return "failed", f"no sound answer: {str(error) or type(error).__name__}"
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return "failed", f"an answer of another shape: {type(error).__name__} {error}"
    return "passed", ""
