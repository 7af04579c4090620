"""Names of refs: git's rules, and which ref a revision may mean."""

import re

from commonground.errors import InvalidRef

HEADS, TAGS, PULLS, CONVERTS = "refs/heads/", "refs/tags/", "refs/pr/", "refs/convert/"
SPACES = (HEADS, TAGS, PULLS, CONVERTS)
MAX_NAME = 255

FULL_ID = re.compile(r"[0-9a-f]{40}")
SHORT_ID = re.compile(r"[0-9a-f]{7,39}")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]|\.\.|@\{|//")
_BAD_PART = re.compile(r"(^|/)\.|\.lock(/|$)")


def check_ref(name: str) -> str:
    """``name`` if it is a full ref name that git accepts, in one of the spaces this hub serves; else
    :class:`InvalidRef`.
    """
    space = next((space for space in SPACES if name.startswith(space)), None)
    if space is None:
        raise InvalidRef(ref=_shown(name), reason=f"it is not below {', '.join(SPACES)}")
    rest = name.removeprefix(space)
    if not rest or name.endswith(("/", ".")) or _FORBIDDEN.search(name) or _BAD_PART.search(name):
        raise InvalidRef(ref=_shown(name), reason="git does not allow this name")
    if len(name) > MAX_NAME:
        raise InvalidRef(ref=_shown(name), reason=f"it is longer than {MAX_NAME} characters")
    if FULL_ID.fullmatch(rest):
        raise InvalidRef(ref=name, reason="it looks like a commit id")
    return name


def is_thinkable(name: str) -> bool:
    """Whether some ref could have this name: what cannot be is not worth a look, and the database may not take it."""
    return 0 < len(name) <= MAX_NAME and not _FORBIDDEN.search(name)


def branch_ref(name: str) -> str:
    """The full name of a new branch called ``name``."""
    if name.startswith("refs/") or name == "HEAD":
        raise InvalidRef(ref=_shown(name), reason="Invalid reference for a branch")
    return check_ref(HEADS + name)


def tag_ref(name: str) -> str:
    """The full name of a new tag called ``name`` (``refs/tags/name`` is accepted too)."""
    return check_ref(TAGS + name.removeprefix(TAGS))


def writable_ref(revision: str, default_branch: str) -> str:
    """The ref a commit to ``revision`` moves: a branch, ``refs/pr/N`` or ``refs/convert/*``; a tag never moves."""
    name = HEADS + default_branch if revision == "HEAD" else revision
    name = name if name.startswith("refs/") else HEADS + name
    if name.startswith(TAGS):
        raise InvalidRef(ref=_shown(revision), reason="a tag cannot be committed to")
    return check_ref(name)


def candidates(revision: str, default_branch: str) -> tuple[str, str]:
    """The full ref names ``revision`` may mean, the preferred one first."""
    if revision == "HEAD":
        revision = default_branch
    if revision.startswith("refs/"):
        return revision, revision
    return HEADS + revision, TAGS + revision


def ancestors(name: str) -> list[str]:
    """Names that cannot exist beside ``name``, because git keeps refs as files: ``refs/heads/a`` of ``refs/heads/a/b``."""
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(3, len(parts))]


def _shown(name: str) -> str:
    text = name.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 200 else f"{text[:200]}…"
