"""Walking commits."""

import heapq
from collections.abc import Sequence

from sqlalchemy import Connection

from commonground.errors import RevisionNotFound
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.cursors import decode_cursor, encode_cursor
from commonground.hub.revisions.listing import find_path
from commonground.hub.revisions.model import Commit, Page
from commonground.hub.revisions.object_view import ObjectView
from commonground.hub.revisions.objects import CommitObject
from commonground.hub.revisions.refnames import FULL_ID
from commonground.hub.revisions.resolving import resolve_commit

PAGE_LIMIT = 1_000
WALK_LIMIT = 5_000


class History:
    """Shows commits and their ancestors."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def commit_info(self, repository: Repository, revision: str) -> Commit:
        """The commit of a revision."""
        return await self._context.database.lookup(self._commit, repository, revision)

    async def history(
        self, repository: Repository, revision: str, cursor: str | None = None, limit: int = 50, path: str | None = None
    ) -> Page[Commit]:
        """A commit and its ancestors, newest first; with ``path`` only those that changed it.

        A page may have fewer commits than ``limit`` (even none) and still a cursor: long walks end early.
        """
        limit = max(1, min(limit, PAGE_LIMIT))
        return await self._context.database.read(self._history, repository, revision, cursor, limit, path)

    async def count(self, repository: Repository, revision: str, limit: int = 10_000) -> int:
        """Number of commits a revision has, counted up to ``limit``."""
        return await self._context.database.read(self._count, repository, revision, limit)

    def _resolve(self, view: ObjectView, repository: Repository, revision: str) -> bytes:
        return resolve_commit(view, self._context.reachable, repository, revision)

    def _commit(self, connection: Connection, repository: Repository, revision: str) -> Commit:
        view = self._context.view(connection, repository.id)
        sha = self._resolve(view, repository, revision)
        return view.commit(sha).shown(sha)

    def _history(
        self,
        connection: Connection,
        repository: Repository,
        revision: str,
        cursor: str | None,
        limit: int,
        path: str | None,
    ) -> Page[Commit]:
        view = self._context.view(connection, repository.id)
        starts = [revision] if cursor is None else _starts(cursor)
        walk = Walk(view, [self._resolve(view, repository, start) for start in starts], path)
        found: list[Commit] = []
        for _ in range(limit if path is None else WALK_LIMIT):
            if len(found) == limit or not walk.more:
                break
            sha, commit, shown = walk.step()
            if shown:
                found.append(commit.shown(sha))
        return Page(found, encode_cursor([sha.hex() for sha in walk.more]) if walk.more else None)

    def _count(self, connection: Connection, repository: Repository, revision: str, limit: int) -> int:
        view = self._context.view(connection, repository.id)
        walk = Walk(view, [self._resolve(view, repository, revision)], None)
        count = 0
        while walk.more and count < limit:
            walk.step()
            count += 1
        return count


class Walk:
    """Goes from commits to their ancestors, newest first. With a path it follows, at a merge, only a parent that has
    the path as the merge has it, if there is one: what git calls history simplification.
    """

    def __init__(self, view: ObjectView, starts: Sequence[bytes], path: str | None) -> None:
        self._view = view
        self._path = path
        self._seen: set[bytes] = set()
        self._heap: list[tuple[int, int, bytes]] = []
        self._push(starts)

    @property
    def more(self) -> list[bytes]:
        """Commits the walk would go on with."""
        return [sha for _, _, sha in sorted(self._heap)]

    def step(self) -> tuple[bytes, CommitObject, bool]:
        """The next commit, and whether it belongs to the history of the path."""
        _, _, sha = heapq.heappop(self._heap)
        commit = self._view.commit(sha)
        if self._path is None:
            self._push(commit.parents)
            return sha, commit, True
        here = self._id(commit)
        before = [self._id(self._view.commit(parent)) for parent in commit.parents]
        if here in before:
            self._push([commit.parents[before.index(here)]])
            return sha, commit, False
        self._push(commit.parents)
        return sha, commit, here is not None or bool(before)

    def _id(self, commit: CommitObject) -> bytes | None:
        entry = find_path(self._view, commit.tree, self._path or "")
        return entry.sha if entry else None

    def _push(self, shas: Sequence[bytes]) -> None:
        for sha in shas:
            if sha not in self._seen:
                self._seen.add(sha)
                heapq.heappush(self._heap, (-self._view.commit(sha).commit_time, len(self._seen), sha))


def _starts(cursor: str) -> list[str]:
    starts = decode_cursor(cursor, list[str])
    if not starts or not all(FULL_ID.fullmatch(start) for start in starts):
        raise RevisionNotFound(revision=cursor[:100])
    return starts
