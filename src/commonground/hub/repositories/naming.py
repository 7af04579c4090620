"""Which names a repository may have, and how two spellings of one id are recognised."""

import re
from collections.abc import Callable

from commonground.errors import InvalidName

MAX_LENGTH = 96
RESERVED = frozenset({"raw", "resolve"})
"""Words that follow the id of a repository in addresses, and its name where clients leave the owner out."""
_ALLOWED = re.compile(r"[A-Za-z0-9._-]+\Z")
_RULES: tuple[tuple[Callable[[str], object], str], ...] = (
    (lambda name: not 1 <= len(name) <= MAX_LENGTH, f"it needs 1 to {MAX_LENGTH} characters"),
    (lambda name: not _ALLOWED.match(name), "use letters, digits, '-', '_' and '.'"),
    (lambda name: name[0] in "-." or name[-1] in "-.", "it may not start or end with '-' or '.'"),
    (lambda name: ".." in name or "--" in name, "'..' and '--' are not allowed"),
    (lambda name: key(name) in RESERVED, "this name is reserved"),
    (lambda name: key(name).endswith((".git", ".lock")), "it may not end with '.git' or '.lock'"),
)


def key(name: str) -> str:
    """The form under which names are compared: ids that differ by case alone are one id."""
    return name.lower()


def check_name(name: str) -> str:
    """``name``, if a repository may have it; else :class:`InvalidName` with the broken rule."""
    for broken, reason in _RULES:
        if broken(name):
            raise InvalidName(name=name[:MAX_LENGTH], reason=reason)
    return name
