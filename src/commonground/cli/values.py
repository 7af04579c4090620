"""Values that several commands take as text."""

import re
import time
from datetime import UTC, datetime

from commonground.accounts.model import Scope
from commonground.accounts.permissions import SCOPE_ACTIONS
from commonground.errors import BadRequest

_DURATION = re.compile(r"(\d{1,5})([hd])\Z")
_UNITS = {"h": 3_600_000, "d": 86_400_000}


def scope_of(text: str) -> Scope:
    """``PERMISSION[:TARGET]`` as a scope of a token."""
    permission, _, target = text.partition(":")
    if permission not in SCOPE_ACTIONS:
        raise BadRequest(reason=f"--scope {text}: the permission is one of {', '.join(SCOPE_ACTIONS)}")
    return Scope(permission, target or "*")


def moment_of(text: str) -> int:
    """A duration from now (``12h``, ``30d``) or a date (``2030-01-31``), in UTC milliseconds."""
    if match := _DURATION.match(text):
        return time.time_ns() // 1_000_000 + int(match[1]) * _UNITS[match[2]]
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest(reason=f"--expires {text}: write 12h, 30d or 2030-01-31") from None
    return int((given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp() * 1000)
