r"""Tree objects as bytes: found in, compared and edited without turning every entry into an object.

An entry is ``<octal mode> <name>\0<20 byte id>``. Entries are sorted by name, a folder as if its name ended with "/".
Regular expressions step over whole entries at the speed of C, so a folder of 100,000 entries is edited in milliseconds.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from commonground.hub.revisions.paths import check_name

DIRECTORY, FILE, EXECUTABLE, SYMLINK, GITLINK = 0o040000, 0o100644, 0o100755, 0o120000, 0o160000
MODES = frozenset({DIRECTORY, FILE, EXECUTABLE, SYMLINK, GITLINK, 0o100664})

_ENTRY = re.compile(rb"([0-7]{5,6}) ([^\0/]+)\0(.{20})", re.DOTALL)
_STRIDES = [re.compile(rb"(?>[^\0]++\0.{20}){%d}" % count, re.DOTALL) for count in (4096, 256, 16, 1)]
_LAST = b"\xff\xff"  # sorts behind every name: UTF-8 has no such byte


class TreeEntry(NamedTuple):
    """One line of a tree; ``sha`` is 20 raw bytes."""

    mode: int
    name: bytes
    sha: bytes

    @property
    def is_folder(self) -> bool:
        """Whether it names a tree."""
        return self.mode == DIRECTORY


def parse_tree(body: bytes) -> list[TreeEntry]:
    """All entries, in git's order."""
    return [TreeEntry(int(mode, 8), name, sha) for mode, name, sha in _ENTRY.findall(body)]


def iterate_tree(body: bytes) -> Iterator[TreeEntry]:
    """The entries, in git's order, parsed as they are asked for."""
    for match in _ENTRY.finditer(body):
        yield TreeEntry(int(match[1], 8), match[2], match[3])


def changed_entries(before: bytes, after: bytes) -> tuple[dict[bytes, TreeEntry], dict[bytes, TreeEntry]]:
    """By name: the entries of each tree that the other one does not have exactly so."""
    old, new = set(_ENTRY.findall(before)), set(_ENTRY.findall(after))
    return _by_name(old - new), _by_name(new - old)


def check_tree(body: bytes) -> None:
    """Return if ``body`` is a tree that everything below may rely on; else :class:`ValueError`, or
    :class:`InvalidPath` for a name that is not allowed.
    """
    raw = _ENTRY.findall(body)
    if sum(len(mode) + len(name) + 22 for mode, name, _ in raw) != len(body):
        raise ValueError("the tree is malformed")
    keys = []
    for mode, name, _ in raw:
        if int(mode, 8) not in MODES or mode.startswith(b"0"):
            raise ValueError("the tree has an entry of an unknown mode")
        check_name(name)
        keys.append(_key(int(mode, 8), name))
    if any(one >= other for one, other in pairwise(keys)):
        raise ValueError("the tree is not sorted")
    if len({name for _, name, _ in raw}) != len(raw):
        raise ValueError("the tree has two entries of one name")


def find_entry(body: bytes, name: bytes) -> TreeEntry | None:
    """The entry called ``name``, or ``None``."""
    if b" %s\0" % name not in body:  # says no at the speed of memchr; a yes may be the inside of an id
        return None
    for key in (name, name + b"/"):
        start, end = _locate(body, key, 0)
        if end > start:
            return parse_tree(body[start:end])[0]
    return None


def edit_tree(body: bytes, changes: Mapping[bytes, tuple[int, bytes] | None]) -> bytes:
    """The tree with the named entries set to (mode, id), or removed where ``None``."""
    pieces: list[bytes] = []
    at = 0
    for key, entry in sorted(_by_key(changes).items()):
        start, end = _locate(body, key, at)
        pieces += [body[at:start], entry]
        at = end
    return b"".join([*pieces, body[at:]])


def _by_name(raw: Iterable[tuple[bytes, bytes, bytes]]) -> dict[bytes, TreeEntry]:
    return {name: TreeEntry(int(mode, 8), name, sha) for mode, name, sha in raw}


def encode_entry(mode: int, name: bytes, sha: bytes) -> bytes:
    """One entry as it stands in a tree."""
    return b"%o %s\0%s" % (mode, name, sha)


def _by_key(changes: Mapping[bytes, tuple[int, bytes] | None]) -> dict[bytes, bytes]:
    """Sort key to new entry. A file and a folder of one name have different keys, so setting one clears the other."""
    edits = {}
    for name, value in changes.items():
        edits[name] = edits[name + b"/"] = b""
        if value is not None:
            edits[_key(value[0], name)] = encode_entry(value[0], name, value[1])
    return edits


def _key(mode: int, name: bytes) -> bytes:
    return name + b"/" if mode == DIRECTORY else name


def _locate(body: bytes, key: bytes, at: int) -> tuple[int, int]:
    """Start and end of the entry with this sort key; both are where it belongs if there is none.

    ``at`` is the start of an entry at or before it. Strides of falling length skip the entries that come before.
    """
    for stride in _STRIDES:
        while (skipped := stride.match(body, at)) and _key_at(body, skipped.end()) <= key:
            at = skipped.end()
    if _key_at(body, at) < key:
        at = _end_of(body, at)
    return at, _end_of(body, at) if _key_at(body, at) == key else at


def _key_at(body: bytes, at: int) -> bytes:
    match = _ENTRY.match(body, at)
    return _key(int(match[1], 8), match[2]) if match else _LAST


def _end_of(body: bytes, at: int) -> int:
    match = _ENTRY.match(body, at)
    return match.end() if match else at
