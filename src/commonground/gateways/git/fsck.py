"""What ``git fsck --strict`` would object to in one object. Nothing that fails here becomes part of a history."""

import re
from collections.abc import Iterator

from commonground.errors import InvalidPath
from commonground.hub.revisions.objects import COMMIT, TAG, TREE
from commonground.hub.revisions.trees import SYMLINK, check_tree, parse_tree

_ID = re.compile(rb"[0-9a-f]{40}\Z")
_IDENTITY = re.compile(rb"[^<>\n]* <[^<>\n]*> (0|[1-9][0-9]{0,14}) [+-][0-9]{4}\Z")
_TAG_TYPE = re.compile(rb"(commit|tree|blob|tag)\Z")
_GITMODULES = re.compile(rb"(\.gitmodules|gitmod~[1-4]|gi7eba~[0-9])[. ]*(:.*)?\Z", re.IGNORECASE | re.DOTALL)
_LEAVES = re.compile(rb'\[submodule\s+"([^"]*[/\\])?\.\.([/\\][^"]*)?"', re.IGNORECASE)


def problem(kind: int, body: bytes) -> str | None:
    """The first thing wrong with an object, in words, or ``None``."""
    if kind == TREE:
        return tree_problem(body)
    if kind == COMMIT:
        return commit_problem(body)
    if kind == TAG:
        return tag_problem(body)
    return None


def tree_problem(body: bytes) -> str | None:
    """The first thing wrong with a tree."""
    try:
        check_tree(body)
    except (ValueError, InvalidPath) as error:
        return str(error).rstrip(".")
    if bytes(20) in body and not all(any(entry.sha) for entry in parse_tree(body)):
        return "the tree has an entry with the null id"
    if b"it" in body and any(e.mode == SYMLINK and _GITMODULES.match(e.name) for e in parse_tree(body)):
        return ".gitmodules is a symbolic link"
    return None


def commit_problem(body: bytes) -> str | None:
    """The first thing wrong with a commit."""
    header = _header(body)
    if header is None:
        return "the commit has no end of its header"
    fields = iter(header)
    name, value = next(fields, (b"", b""))
    if name != b"tree" or not _ID.match(value):
        return "the commit names no tree"
    name, value = next(fields, (b"", b""))
    while name == b"parent":
        if not _ID.match(value):
            return "the commit names a parent that is no object id"
        name, value = next(fields, (b"", b""))
    return _identity_problem(name, value, b"author") or _identity_problem(*next(fields, (b"", b"")), b"committer")


def tag_problem(body: bytes) -> str | None:
    """The first thing wrong with an annotated tag."""
    header = _header(body)
    if header is None:
        return "the tag has no end of its header"
    fields = iter(header)
    name, value = next(fields, (b"", b""))
    if name != b"object" or not _ID.match(value):
        return "the tag names no object"
    name, value = next(fields, (b"", b""))
    if name != b"type" or not _TAG_TYPE.match(value):
        return "the tag names no type"
    name, value = next(fields, (b"", b""))
    if name != b"tag" or not value:
        return "the tag has no name"
    return _identity_problem(*next(fields, (b"", b"")), b"tagger")


def is_gitmodules(name: bytes) -> bool:
    """Whether some system takes a file of this name for ``.gitmodules``."""
    return _GITMODULES.match(name) is not None


def gitmodules_problem(body: bytes) -> str | None:
    """What a ``.gitmodules`` file may not say: values that git of old took for options, commands or a way out."""
    for line in body.splitlines():
        key, equals, value = (part.strip().strip(b'"') for part in line.partition(b"="))
        if equals and key.lower() in {b"url", b"path"} and value.startswith(b"-"):
            return f".gitmodules has a {key.decode()} that starts with a dash"
        if equals and key.lower() == b"update" and value.startswith(b"!"):
            return ".gitmodules has an update command"
        if _LEAVES.search(line):
            return ".gitmodules has a submodule name that leaves the repository"
    return None


def _header(body: bytes) -> list[tuple[bytes, bytes]] | None:
    head, blank, _ = body.partition(b"\n\n")
    if not blank and not body.endswith(b"\n"):
        return None
    if b"\0" in head:
        return None
    return list(_fields(head))


def _fields(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    for line in head.removesuffix(b"\n").split(b"\n"):
        if not line.startswith(b" "):  # a continuation, as in gpgsig
            name, _, value = line.partition(b" ")
            yield name, value


def _identity_problem(name: bytes, value: bytes, expected: bytes) -> str | None:
    if name != expected:
        return f"the line '{expected.decode()}' is missing or in the wrong place"
    if not _IDENTITY.match(value):
        return f"the line '{expected.decode()}' is malformed"
    return None
