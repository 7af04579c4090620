"""History: lists of commits, and one commit with what it changed."""

import asyncio
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import GatedRepository
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Change, Commit, Entry
from commonground.hub.revisions.service import Revisions
from commonground.web.differences import LARGEST_PRODUCT, Line, hunks
from commonground.web.door import Door, Opened, templates
from commonground.web.site import Site
from commonground.web.text import decode

PAGE = 30
MOST_FILES, LARGEST_TEXT, MOST_LINES = 100, 200_000, 3_000
"""What one commit page shows: files, bytes of a compared text, lines of all differences together."""


class FileChange(msgspec.Struct, frozen=True, kw_only=True):
    """A changed path; ``hunks`` is ``None`` where there is nothing to compare line by line."""

    path: str
    kind: str  # added | removed | changed
    before: Entry | None
    after: Entry | None
    hunks: list[list[Line]] | None = None
    added: int = 0
    removed: int = 0


class HistoryPages:
    """``/commits/{revision}`` and ``/commit/{sha}`` of a repository."""

    def __init__(self, site: Site, door: Door, revisions: Revisions) -> None:
        self._site, self._door, self._revisions = site, door, revisions

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        route = self._site.route
        return [
            *(route("GET", path, self.commits, "History") for path in templates("/commits/{revision}")),
            *(
                route("GET", path, self.commits, "History of a path")
                for path in templates("/commits/{revision}/{path*}")
            ),
            *(route("GET", path, self.commit, "A commit") for path in templates("/commit/{sha}")),
        ]

    async def commits(self, request: Request) -> Response:
        """Commits of a revision, newest first; of a path, those that changed it."""
        opened = await self._door.open(request)
        revision, path = request.path_params["revision"], request.path_params.get("path", "").strip("/")
        cursor = request.query_params.get("cursor") or None
        page = await self._revisions.history(opened.repository, revision, cursor, PAGE, path or None)
        return await self._site.page(
            request,
            "repository/commits.html",
            opened=opened,
            repository=opened.repository,
            revision=revision,
            path=path,
            commits=page.items,
            cursor=page.cursor,
        )

    async def commit(self, request: Request) -> Response:
        """A commit and what it changed against its first parent."""
        opened = await self._door.open(request)
        repository = opened.repository
        commit = await self._revisions.commit_info(repository, request.path_params["sha"])
        changes = await self._changes(repository, commit)
        shown = await self._compared(request, opened, changes[:MOST_FILES])
        return await self._site.page(
            request,
            "repository/commit.html",
            opened=opened,
            repository=repository,
            commit=commit,
            changes=shown,
            left_out=len(changes) - len(shown),
        )

    async def _changes(self, repository: Repository, commit: Commit) -> list[Change]:
        if commit.parents:
            return await self._revisions.diff(repository, commit.parents[0], commit.sha)
        first = await self._revisions.tree(repository, commit.sha, recursive=True)
        return [Change(path=entry.path, before=None, after=entry) for entry in first.items if entry.type == "file"]

    async def _compared(self, request: Request, opened: Opened, changes: list[Change]) -> list[FileChange]:
        try:
            await self._door.open_files(request)
        except GatedRepository:
            return [_described(change) for change in changes]
        budget, shown = _Budget(), []
        for change in changes:
            texts = await self._texts(opened.repository, change)
            found = await asyncio.to_thread(budget.compare, *texts) if texts else None
            shown.append(_described(change, found))
        return shown

    async def _texts(self, repository: Repository, change: Change) -> tuple[str, str] | None:
        """Both sides as text, or ``None``."""
        texts = []
        for entry in (change.before, change.after):
            text = "" if entry is None else await self._text(repository, entry)
            if text is None:
                return None
            texts.append(text)
        return texts[0], texts[1]

    async def _text(self, repository: Repository, entry: Entry) -> str | None:
        if entry.lfs is not None or entry.size > LARGEST_TEXT:
            return None
        return decode(await self._revisions.read(repository, entry))


class _Budget:
    """Keeps the differences of one page together below a number of lines and of comparisons."""

    def __init__(self) -> None:
        self._lines, self._work = MOST_LINES, 2 * LARGEST_PRODUCT

    def compare(self, before: str, after: str) -> list[list[Line]] | None:
        self._work -= min(LARGEST_PRODUCT, before.count("\n") * after.count("\n"))
        found = hunks(before, after) if self._work > 0 else None
        size = sum(map(len, found or []))
        if found is None or size > self._lines:
            return None
        self._lines -= size
        return found


def _described(change: Change, found: list[list[Line]] | None = None) -> FileChange:
    marks = [line.mark for hunk in found or [] for line in hunk]
    counts: dict[str, Any] = {"added": marks.count("+"), "removed": marks.count("-")}
    kind = "added" if change.before is None else "removed" if change.after is None else "changed"
    return FileChange(path=change.path, kind=kind, before=change.before, after=change.after, hunks=found, **counts)
