"""Which paths may exist inside a repository: those every system can check out, and none that leads out of it."""

import re

from commonground.errors import InvalidPath

MAX_PATH = 4096
MAX_SEGMENT = 255
MAX_DEPTH = 200

_HARMLESS = re.compile(r"[A-Za-fh-z0-9_-][A-Za-z0-9._-]*[A-Za-z0-9_-]|[A-Za-fh-z0-9_]")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
# Code points HFS+ ignores: a name holding them is ".git" on a Mac when it is ".git" without them.
_HFS_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
# NTFS drops trailing dots and blanks and what follows a colon, and knows ".git" as "git~1".
_GIT_IN_DISGUISE = re.compile(r"(\.git|git~1)[. ]*(:.*)?", re.IGNORECASE | re.DOTALL)


def split_path(path: str) -> list[bytes]:
    """The segments of a file's path, as bytes; :class:`InvalidPath` says what is wrong with it."""
    segments = path.split("/")
    reason = next((found for found in map(_segment_problem, segments) if found), None)
    if reason is None and path.startswith("..\\"):
        reason = "it leads out of the repository on Windows"
    if reason is None and len(path.encode()) > MAX_PATH:
        reason = f"it is longer than {MAX_PATH} bytes"
    if reason is None and len(segments) > MAX_DEPTH:
        reason = f"it is deeper than {MAX_DEPTH} folders"
    if reason is not None:
        raise InvalidPath(path=_shown(path), reason=reason)
    return [segment.encode() for segment in segments]


def is_path(path: str) -> bool:
    """Whether a file could have this path."""
    try:
        return bool(split_path(path))
    except InvalidPath:
        return False


def split_folder(path: str) -> list[bytes]:
    """Like :func:`split_path` for a folder: a slash at the end is allowed, the empty path is the root."""
    path = path.removesuffix("/")
    return split_path(path) if path else []


def check_name(name: bytes) -> None:
    """Return if ``name`` may be an entry of a tree; else :class:`InvalidPath`."""
    try:
        reason = _segment_problem(name.decode())
    except UnicodeDecodeError:
        reason = "it is not UTF-8"
    if reason is None and b"/" in name:
        reason = "it contains a slash"
    if reason is not None:
        raise InvalidPath(path=_shown(name.decode("utf-8", "backslashreplace")), reason=reason)


def _segment_problem(segment: str) -> str | None:
    if len(segment) <= MAX_SEGMENT and _HARMLESS.fullmatch(segment):
        return None
    if not segment:
        return "it has an empty part"
    if segment in {".", ".."}:
        return f"'{segment}' is not a name"
    if _FORBIDDEN.search(segment):
        return "it contains a control character"
    if len(segment.encode()) > MAX_SEGMENT:
        return f"a part is longer than {MAX_SEGMENT} bytes"
    # A backslash is part of a name in git; on Windows, where it divides, clients refuse to write such a name.
    if any(_GIT_IN_DISGUISE.fullmatch(part) for part in _HFS_IGNORED.sub("", segment).split("\\")):
        return "some systems take a part of it for .git"
    return None


def _shown(path: str) -> str:
    text = path.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 200 else f"{text[:200]}…"
