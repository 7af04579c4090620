"""What ``git fsck --strict`` would object to in one object. Nothing that fails here becomes part of a history."""

import re
from collections.abc import Iterator
from itertools import pairwise

from commonground.gateways.git.tree import DIRECTORY, GITLINK, SYMLINK, TreeEntry, parse_tree

COMMIT, TREE, BLOB, TAG = 1, 2, 3, 4
KINDS = {COMMIT: b"commit", TREE: b"tree", BLOB: b"blob", TAG: b"tag"}

_MODES = frozenset({b"40000", b"100644", b"100755", b"120000", b"160000"})
_ID = re.compile(rb"[0-9a-f]{40}\Z")
_IDENTITY = re.compile(rb"[^<>\n]* <[^<>\n]*> (0|[1-9][0-9]{0,17}) [+-][0-9]{4}\Z")
_TAG_TYPE = re.compile(rb"commit|tree|blob|tag\Z")
# Code points that HFS+ ignores in names: with one of them ".git" stays ".git" on a Mac.
_HFS_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
# NTFS drops trailing dots and blanks and what follows a colon, and knows ".git" as "git~1".
_NTFS_GIT = re.compile(r"(\.git|git~1)[. ]*(:.*)?\Z", re.IGNORECASE | re.DOTALL)
_NTFS_GITMODULES = re.compile(r"(\.gitmodules|gitmod~[1-4]|gi7eba~[0-9])[. ]*(:.*)?\Z", re.IGNORECASE | re.DOTALL)


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
        entries = parse_tree(body)
    except ValueError as error:
        return str(error)
    for entry in entries:
        if found := _entry_problem(entry):
            return found
    if any(one.sort_key >= other.sort_key for one, other in pairwise(entries)):
        return "the tree is not sorted"
    if len({entry.name for entry in entries}) != len(entries):
        return "the tree has two entries with one name"
    return None


def _entry_problem(entry: TreeEntry) -> str | None:
    name = entry.name
    if entry.mode not in _MODES:
        return f"the tree entry {_show(name)} has the mode {_show(entry.mode)}"
    if not any(entry.sha):
        return f"the tree entry {_show(name)} has the null id"
    if not name or name in {b".", b".."} or b"/" in name:
        return f"a tree entry is named {_show(name) or 'with nothing'}"
    if name.isascii() and name[0] not in b".gG":
        return None  # most names: none of the disguises below can apply
    plain = _HFS_IGNORED.sub("", name.decode("utf-8", "replace"))
    if _NTFS_GIT.match(plain) or plain.lower().split("\\")[0] == ".git":
        return f"a tree entry is named {_show(name)}, which some systems take for .git"
    if entry.mode == SYMLINK and _NTFS_GITMODULES.match(plain):
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


def gitmodules_problem(body: bytes) -> str | None:
    """What a ``.gitmodules`` file may not say: values that git of old took for options or for a way out."""
    for line in body.splitlines():
        key, equals, value = (part.strip().strip(b'"') for part in line.partition(b"="))
        if equals and key.lower() in {b"url", b"path"} and value.startswith(b"-"):
            return f".gitmodules has a {_show(key)} that starts with a dash"
        if equals and key.lower() == b"update" and value.startswith(b"!"):
            return ".gitmodules has an update command"
        if line.strip().startswith(b"[submodule") and b".." in re.split(rb'[/\\"]', line):
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


def _show(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


__all__ = ["BLOB", "COMMIT", "DIRECTORY", "GITLINK", "KINDS", "TAG", "TREE", "gitmodules_problem", "problem"]
