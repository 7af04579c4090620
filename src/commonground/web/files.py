"""Folders and files of a revision."""

import asyncio
from typing import Any

import msgspec
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from commonground.errors import EntryNotFound
from commonground.http.media_types import media_type
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Commit, Entry, Ref
from commonground.hub.revisions.service import Revisions
from commonground.hub.weights.service import WeightsReader
from commonground.web import highlight, markdown
from commonground.web.door import Door, Opened, templates
from commonground.web.links import revision_url
from commonground.web.repository import place
from commonground.web.site import Site
from commonground.web.text import LARGEST, decode

FOLDER_PAGE = 100
_HEADS, _TAGS = "refs/heads/", "refs/tags/"


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a file page shows of a file: text as lines or as a document, a picture, or nothing but a note."""

    lines: list[Markup] | None = None
    document: Markup | None = None
    media: str = ""  # image | audio | video
    too_large: bool = False


class FilePages:
    """``/tree/{revision}``, ``/blob/{revision}/{path}`` and ``/refs`` of a repository."""

    def __init__(self, site: Site, door: Door, revisions: Revisions) -> None:
        self._site, self._door, self._revisions = site, door, revisions
        self._weights = WeightsReader(revisions)

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        route = self._site.route
        return [
            *(route("GET", path, self.tree, "Files of a revision") for path in templates("/tree/{revision}")),
            *(route("GET", path, self.tree, "Files of a folder") for path in templates("/tree/{revision}/{path*}")),
            *(route("GET", path, self.blob, "A file") for path in templates("/blob/{revision}/{path*}")),
            *(route("GET", path, self.refs, "Branches and tags") for path in templates("/refs")),
        ]

    async def tree(self, request: Request) -> Response:
        """A folder: its entries with size, storage and last commit. A file leads to its own page."""
        opened, revision, path = await self._asked(request)
        repository, cursor = opened.repository, request.query_params.get("cursor") or None
        try:
            page = await self._revisions.tree(repository, revision, path, expand=True, cursor=cursor, limit=FOLDER_PAGE)
        except EntryNotFound:
            await self._revisions.entry(repository, revision, path)
            return RedirectResponse(revision_url(repository, "blob", revision, path), 303)
        return await self._site.page(
            request,
            "repository/tree.html",
            **await self._common(opened, revision, path),
            entries=sorted(page.items, key=lambda entry: entry.type == "file"),
            cursor=page.cursor,
        )

    async def blob(self, request: Request) -> Response:
        """A file: its content where that can be read here, and where to get it."""
        opened, revision, path = await self._asked(request, content=True)
        _, entry = await self._revisions.entry(opened.repository, revision, path)
        if entry.type == "directory":
            return RedirectResponse(revision_url(opened.repository, "tree", revision, path), 303)
        plain = "plain" in request.query_params
        return await self._site.page(
            request,
            "repository/blob.html",
            **await self._common(opened, revision, path),
            entry=entry,
            plain=plain,
            is_document=_is_document(path),
            editable=entry.lfs is None and entry.size <= LARGEST,
            weights=await self._weights.describe(opened.repository, entry),
            content=await self._content(opened.repository, revision, entry, plain=plain),
        )

    async def refs(self, request: Request) -> Response:
        """All branches and tags."""
        opened = await self._door.open(request)
        branches, tags = _split(await self._revisions.refs(opened.repository))
        return await self._site.page(
            request, "repository/refs.html", opened=opened, repository=opened.repository, branches=branches, tags=tags
        )

    async def _asked(self, request: Request, *, content: bool = False) -> tuple[Opened, str, str]:
        opened = await (self._door.open_files(request) if content else self._door.open(request))
        return opened, request.path_params["revision"], request.path_params.get("path", "").strip("/")

    async def _common(self, opened: Opened, revision: str, path: str) -> dict[str, Any]:
        branches, tags = _split(await self._revisions.refs(opened.repository))
        return {
            "opened": opened,
            "repository": opened.repository,
            "revision": revision,
            "path": path,
            "branches": branches,
            "tags": tags,
            "latest": await self._latest(opened.repository, revision, path),
        }

    async def _latest(self, repository: Repository, revision: str, path: str) -> Commit | None:
        if not path:
            return await self._revisions.commit_info(repository, revision)
        found = await self._revisions.paths(repository, revision, [path], expand=True)
        return found[0].last_commit if found else None

    async def _content(self, repository: Repository, revision: str, entry: Entry, *, plain: bool) -> Content:
        kind = media_type(entry.path).partition("/")[0]
        if kind in {"image", "audio", "video"}:
            return Content(media=kind)
        if entry.size > LARGEST:
            return Content(too_large=True)
        text = decode(await self._revisions.read(repository, entry))
        if text is None:
            return Content()
        if _is_document(entry.path) and not plain:
            where = place(repository, revision, entry.path)
            return Content(document=await asyncio.to_thread(markdown.render, markdown.body(text), where))
        return Content(lines=await asyncio.to_thread(highlight.lines, text, entry.path))


def _is_document(path: str) -> bool:
    return path.lower().endswith((".md", ".markdown"))


def _split(refs: list[Ref]) -> tuple[list[Ref], list[Ref]]:
    branches = [ref for ref in refs if ref.name.startswith(_HEADS)]
    return branches, [ref for ref in refs if ref.name.startswith(_TAGS)]
