"""Keeps the derived columns, tags and search row of a repository in step with its head."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection

from commonground.errors import CommongroundError
from commonground.hub.cards import inference, queries
from commonground.hub.cards.derive import derive
from commonground.hub.cards.model import Derived, Facts
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Entry, Page
from commonground.hub.search.model import SearchIndex

README_LIMIT = 4 * 2**20
CONFIG_LIMIT = 2**20
LISTED = 1_000


class RevisionReader(Protocol):
    """What is needed of ``Revisions``."""

    async def tree(
        self,
        repository: Repository,
        revision: str,
        path: str = "",
        *,
        recursive: bool = False,
        cursor: str | None = None,
        limit: int = 1000,
    ) -> Page[Entry]:
        """A page of the entries below a path."""
        ...

    async def read(
        self, repository: Repository, entry: Entry, start: int = 0, end: int | None = None, limit: int = ...
    ) -> bytes:
        """Bytes ``start`` to ``end`` of a file, not more than ``limit``."""
        ...


class CardObserver:
    """A ``HeadObserver`` for the card. A file that cannot be read counts as absent: a card never stops a commit."""

    def __init__(self, revisions: RevisionReader, index: SearchIndex) -> None:
        self._revisions = revisions
        self._index = index

    async def prepare(
        self, repository: Repository, commit: str, entries_changed: Sequence[str]
    ) -> Callable[[Connection], None]:
        """Read the README and small configuration files of ``commit``; the result writes what they imply."""
        if not any(inference.matters(path) for path in entries_changed):
            return _nothing
        derived = await self.derived(repository, commit)
        return partial(self._write, repository.id, derived)

    async def derived(self, repository: Repository, commit: str) -> Derived:
        """What the files of a commit imply."""
        entries = await list_files(self._revisions, repository, commit, LISTED)
        by_path = {entry.path: entry for entry in entries}
        readme = await self._read(repository, by_path.get(inference.README), README_LIMIT)
        configs: dict[str, dict[str, Any]] = {}
        if repository.kind == "model":
            for name in inference.CONFIG_FILES:
                value = decode_object(await self._read(repository, by_path.get(name), CONFIG_LIMIT))
                configs |= {name: value} if value else {}
        facts = Facts(paths=tuple(by_path), configs=configs)
        return derive(repository.kind, readme.decode("utf-8", "replace"), facts)

    async def _read(self, repository: Repository, entry: Entry | None, limit: int) -> bytes:
        if entry is None or entry.size > limit:
            return b""
        try:
            return await self._revisions.read(repository, entry, 0, None, limit)
        except CommongroundError:
            return b""

    def _write(self, repository_id: int, derived: Derived, connection: Connection) -> None:
        queries.write(connection, self._index, repository_id, derived)


def _nothing(_connection: Connection) -> None:
    """No file that matters changed: what was derived stays true."""


async def list_files(revisions: RevisionReader, repository: Repository, commit: str, limit: int) -> list[Entry]:
    """Up to ``limit`` files of a commit: those at the root first, then the others in tree order."""
    found: dict[str, Entry] = {}
    for recursive in (False, True):
        cursor: str | None = None
        while len(found) < limit:
            page = await revisions.tree(repository, commit, "", recursive=recursive, cursor=cursor)
            found |= {entry.path: entry for entry in page.items if entry.type == "file"}
            cursor = page.cursor
            if cursor is None:
                break
    return list(found.values())[:limit]


def decode_object(data: bytes) -> dict[str, Any]:
    """The JSON object in a file; ``{}`` for anything else."""
    try:
        value = msgspec.json.decode(data) if data else {}
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return {}
    return value if isinstance(value, dict) else {}
