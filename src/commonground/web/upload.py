"""Uploading files in the browser: any number, of any size, as one commit."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from commonground.accounts.permissions import Action
from commonground.errors import CommongroundError
from commonground.http.multipart import read_parts
from commonground.http.routing import Route
from commonground.hub.revisions.model import AddStored, CommitRequest
from commonground.hub.revisions.service import Revisions
from commonground.store.service import Store
from commonground.web.door import Door, Opened, templates
from commonground.web.forms import Refused
from commonground.web.i18n import marked
from commonground.web.links import revision_url
from commonground.web.site import Site

BODY_LIMIT = 2**44


class _Sent(msgspec.Struct):
    """What the form brought: its fields, and the files by name with their SHA-256."""

    fields: dict[str, str] = {}
    files: dict[str, str] = {}

    @property
    def folder(self) -> str:
        """Where the files go; empty for the root."""
        return self.fields.get("path", "").strip().strip("/")


class UploadPages:
    """``/upload/{branch}`` of a repository."""

    def __init__(self, site: Site, door: Door, revisions: Revisions, store: Store) -> None:
        self._site, self._door, self._revisions, self._store = site, door, revisions, store

    def routes(self) -> list[Route]:
        """The routes of this page."""
        route = self._site.route
        return [
            *(route("GET", path, self.show, "Upload files") for path in templates("/upload/{revision}")),
            *(route("POST", path, self.upload, "Commit uploaded files") for path in templates("/upload/{revision}")),
        ]

    async def show(self, request: Request) -> Response:
        """The form."""
        opened = await self._door.open(request, Action.WRITE)
        return await self._page(request, opened, {"path": request.query_params.get("path", "")})

    async def upload(self, request: Request) -> Response:
        """Take the files as they come, commit them together and show their folder."""
        opened = await self._door.open(request, Action.WRITE)
        sent = _Sent()
        try:
            await self._take(request, opened, sent)
            await self._commit(request, opened, sent)
        except (CommongroundError, Refused) as error:
            return await self._page(request, opened, sent.fields, error)
        return RedirectResponse(
            revision_url(opened.repository, "tree", request.path_params["revision"], sent.folder), 303
        )

    async def _take(self, request: Request, opened: Opened, sent: _Sent) -> None:
        account = opened.principal.uploader
        assert account is not None
        async for part in read_parts(request, BODY_LIMIT):
            if part.filename is None:
                sent.fields[part.name] = await part.text()
            elif part.filename:
                stored = await self._store.ingest(account, part.content)
                assert stored.sha256 is not None
                sent.files[part.filename.replace("\\", "/").rpartition("/")[2]] = stored.sha256.hex()

    async def _commit(self, request: Request, opened: Opened, sent: _Sent) -> None:
        if not sent.files:
            raise Refused(marked("Choose at least one file."))
        prefix = f"{sent.folder}/" if sent.folder else ""
        first = next(iter(sent.files))
        title = sent.fields.get("title", "").strip() or (
            f"Upload {first}" if len(sent.files) == 1 else f"Upload {len(sent.files)} files"
        )
        asked = CommitRequest(
            title=title[:200],
            operations=[AddStored(path=f"{prefix}{name}", sha256=sha256) for name, sha256 in sent.files.items()],
        )
        await self._revisions.commit(opened.repository, opened.principal, request.path_params["revision"], asked)

    async def _page(
        self, request: Request, opened: Opened, form: dict[str, str], problem: CommongroundError | Refused | None = None
    ) -> Response:
        values: dict[str, Any] = {
            "opened": opened,
            "repository": opened.repository,
            "revision": request.path_params["revision"],
            "form": form,
        }
        if problem is not None:
            return await self._site.again(request, "repository/upload.html", problem, **values)
        return await self._site.page(request, "repository/upload.html", problem=None, **values)
