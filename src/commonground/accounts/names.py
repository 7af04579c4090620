"""Which names a user or an organisation may have."""

import re
import unicodedata

from commonground.errors import InvalidName

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")

RESERVED = frozenset(
    [
        "api",
        "v1",
        "v2",
        "s3",
        "mcp",
        "xet",
        "models",
        "datasets",
        "spaces",
        "kernels",
        "buckets",
        "openapi",
        "delta",
        "infer",
        "health",
        "repository",
        "oauth",
        "uploads",
        "viewer",
        "schemas",
        "join",
        "signup",
        "login",
        "logout",
        "new",
        "search",
        "docs",
        "collections",
        "organizations",
        "users",
        "runs",
        "endpoints",
        "tasks",
        "leaderboards",
        "notifications",
        "lineage",
        "compare",
        "playground",
        "trending",
        "me",
        "assets",
        "static",
        "avatars",
        "feeds",
        "settings",
        "admin",
        "pools",
        ".well-known",
        "healthz",
        "readyz",
        "metrics",
    ]
)
"""First segments of paths the server itself answers: nobody may be called like that."""


def key(name: str) -> str:
    """The spelling under which a name is unique and looked up."""
    return unicodedata.normalize("NFC", name).lower()


def is_name(name: str) -> bool:
    """Whether the text has the form of a name, reserved or not."""
    return _NAME.match(name) is not None


def check_name(name: str, *, by_admin: bool = False) -> str:
    """``name``, or :class:`InvalidName`. Only an administrator makes names that start or end with a ``_`` or ``-``."""
    if not is_name(name):
        raise InvalidName(name=name[:80], reason="use 1 to 64 letters, digits, '-' and '_'")
    if key(name) in RESERVED:
        raise InvalidName(name=name, reason="this name is reserved")
    if not by_admin and name.strip("-_") != name:
        raise InvalidName(name=name, reason="it must start and end with a letter or a digit")
    return name
