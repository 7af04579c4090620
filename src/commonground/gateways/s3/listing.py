"""One page of the keys of a revision, in S3's order, which is git's: by the bytes of the whole path."""

from collections.abc import AsyncIterator

import msgspec

from commonground.errors import EntryNotFound
from commonground.gateways.s3.context import Place
from commonground.hub.revisions.cursors import encode_cursor
from commonground.hub.revisions.model import Entry
from commonground.hub.revisions.service import Revisions
from commonground.hub.revisions.trees import GITLINK

MOST = 1000
"""Keys of a page, as in S3."""
_LAST = "\U0010ffff"


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """A page: files and folders (common prefixes, with a slash at the end). ``last`` is the key to go on behind where
    there are more, else empty.
    """

    commit: str
    files: list[Entry]
    folders: list[str]
    last: str = ""


async def list_keys(revisions: Revisions, place: Place, prefix: str, after: str, most: int, *, recursive: bool) -> Keys:
    """The first ``most`` keys below ``prefix`` behind ``after``. Unless ``recursive``, what lies in folders below the
    prefix is one folder each. :class:`RevisionNotFound`.
    """
    commit = await revisions.resolve(place.repository, place.revision)
    files: list[Entry] = []
    folders: list[str] = []
    last = ""
    found = _walk(revisions, place, commit, prefix, after, most, recursive=recursive)
    async for entry, name in found:
        if len(files) + len(folders) == most:
            return Keys(commit=commit, files=files, folders=folders, last=last)
        if entry.type == "file":
            files.append(entry)
        else:
            folders.append(name)
        last = name
    return Keys(commit=commit, files=files, folders=folders)


async def _walk(
    revisions: Revisions, place: Place, commit: str, prefix: str, after: str, most: int, *, recursive: bool
) -> AsyncIterator[tuple[Entry, str]]:
    """Entries that belong to the list, with their keys."""
    folder = prefix.rpartition("/")[0]
    cursor: str | None = encode_cursor((commit, _seek(prefix, after, recursive=recursive)))
    while cursor is not None:
        try:
            page = await revisions.tree(
                place.repository, commit, folder, recursive=recursive, cursor=cursor, limit=min(most + 1, MOST)
            )
        except EntryNotFound:
            return
        for entry in page.items:
            key = entry.path if entry.type == "file" else f"{entry.path}/"
            if entry.mode == GITLINK:
                continue
            if key.startswith(prefix):
                if _is_wanted(entry, key, prefix, after, recursive=recursive):
                    yield entry, key
            elif key > prefix:
                return
        cursor = page.cursor


def _is_wanted(entry: Entry, key: str, prefix: str, after: str, *, recursive: bool) -> bool:
    if entry.type == "file":
        return key > after
    return not recursive and key != prefix and (key > after or (after.startswith(key) and after != key))


def _seek(prefix: str, after: str, *, recursive: bool) -> str:
    """Where the tree is entered: everything wanted comes behind it, and little else does."""
    start = _before(prefix)
    if not recursive and after.startswith(prefix):
        name = after[len(prefix) :].partition("/")[0]
        after = prefix + name  # the folder that ``after`` lies in may hold more
    return max(start, after)


def _before(prefix: str) -> str:
    """A path just before all that begin with ``prefix``."""
    if not prefix or prefix.endswith("/") or ord(prefix[-1]) < 2:
        return prefix[:-1] if prefix and not prefix.endswith("/") else prefix
    point = ord(prefix[-1]) - 1
    return prefix[:-1] + chr(0xD7FF if point == 0xDFFF else point) + _LAST
