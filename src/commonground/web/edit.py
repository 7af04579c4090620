"""Changing one text file in the browser: write, edit, delete, each as a commit."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from commonground.accounts.permissions import Action
from commonground.errors import CommongroundError
from commonground.http.routing import Route
from commonground.hub.revisions.model import AddFile, Commit, CommitRequest, DeleteFile, Entry, Operation
from commonground.hub.revisions.service import Revisions
from commonground.web.door import Door, Opened, templates
from commonground.web.forms import Refused, read_form
from commonground.web.i18n import marked
from commonground.web.links import revision_url
from commonground.web.site import Site
from commonground.web.text import LARGEST, decode

FORM_LIMIT = 4 * LARGEST
"""Largest body of the form, in bytes: url-encoding makes three of one."""

_EXECUTABLE = 0o100755


class EditPages:
    """``/new/{branch}``, ``/edit/{branch}/{path}`` and ``/delete/{branch}/{path}`` of a repository."""

    def __init__(self, site: Site, door: Door, revisions: Revisions) -> None:
        self._site, self._door, self._revisions = site, door, revisions

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        route, file = self._site.route, "/{revision}/{path*}"
        return [
            *(route("GET", path, self.new, "Write a file") for path in templates("/new/{revision}")),
            *(route("POST", path, self.save, "Commit a new file") for path in templates("/new/{revision}")),
            *(route("GET", path, self.edit, "Edit a file") for path in templates(f"/edit{file}")),
            *(route("POST", path, self.save, "Commit a changed file") for path in templates(f"/edit{file}")),
            *(route("POST", path, self.delete, "Commit without a file") for path in templates(f"/delete{file}")),
        ]

    async def new(self, request: Request) -> Response:
        """An empty form."""
        opened = await self._door.open(request, Action.WRITE)
        form = {
            "path": request.query_params.get("path", ""),
            "content": "",
            "parent": await self._head(request, opened),
        }
        return await self._page(request, opened, form)

    async def edit(self, request: Request) -> Response:
        """The form with the text of a file. What is no text, too large or in LFS leads back to its page."""
        opened, path = await self._door.open(request, Action.WRITE), request.path_params["path"]
        head = await self._head(request, opened)
        _, entry = await self._revisions.entry(opened.repository, head, path)
        text = await self._text(opened, entry)
        if text is None:
            return RedirectResponse(revision_url(opened.repository, "blob", request.path_params["revision"], path), 303)
        return await self._page(request, opened, {"path": path, "content": text, "parent": head})

    async def save(self, request: Request) -> Response:
        """Commit, if nobody else has in the meantime, and show the file."""
        opened, form = await self._door.open(request, Action.WRITE), await read_form(request, FORM_LIMIT)
        path, old = form.get("path", "").strip(), request.path_params.get("path", "")
        try:
            await self._commit(request, opened, form, await self._operations(opened, form, path, old))
        except (CommongroundError, Refused) as error:
            return await self._page(request, opened, form, error)
        return RedirectResponse(revision_url(opened.repository, "blob", request.path_params["revision"], path), 303)

    async def delete(self, request: Request) -> Response:
        """Commit without the file."""
        opened, form = await self._door.open(request, Action.WRITE), await read_form(request)
        path, revision = request.path_params["path"], request.path_params["revision"]
        await self._commit(request, opened, {**form, "title": f"Delete {path}"}, [DeleteFile(path)])
        folder = path.rpartition("/")[0]
        kept = await self._revisions.paths(opened.repository, revision, [folder]) if folder else []
        return RedirectResponse(revision_url(opened.repository, "tree", revision, folder if kept else ""), 303)

    async def _operations(self, opened: Opened, form: dict[str, str], path: str, old: str) -> list[Operation]:
        if not path:
            raise Refused(marked("The file needs a name."))
        found = await self._revisions.paths(opened.repository, form.get("parent", ""), [path, old] if old else [path])
        if path != old and any(entry.path == path for entry in found):
            raise Refused(marked("There is a file of this name already."))
        executable = any(entry.path == old and entry.mode == _EXECUTABLE for entry in found)
        content = form.get("content", "").replace("\r\n", "\n").encode()
        write = AddFile(path=path, content=content, executable=executable)
        return [write] if not old or path == old else [DeleteFile(old), write]

    async def _commit(
        self, request: Request, opened: Opened, form: dict[str, str], operations: list[Operation]
    ) -> Commit:
        title = form.get("title", "").strip() or f"Write {form.get('path', '')}"
        parent = form.get("parent", "") or None
        asked = CommitRequest(title=title[:200], parent=parent, operations=operations)
        return await self._revisions.commit(opened.repository, opened.principal, request.path_params["revision"], asked)

    async def _head(self, request: Request, opened: Opened) -> str:
        return await self._revisions.resolve(opened.repository, request.path_params["revision"])

    async def _text(self, opened: Opened, entry: Entry) -> str | None:
        if entry.type != "file" or entry.lfs is not None or entry.size > LARGEST:
            return None
        return decode(await self._revisions.read(opened.repository, entry))

    async def _page(
        self, request: Request, opened: Opened, form: dict[str, str], problem: CommongroundError | Refused | None = None
    ) -> Response:
        values: dict[str, Any] = {
            "opened": opened,
            "repository": opened.repository,
            "revision": request.path_params["revision"],
            "old": request.path_params.get("path", ""),
            "form": form,
        }
        if problem is not None:
            return await self._site.again(request, "repository/edit.html", problem, **values)
        return await self._site.page(request, "repository/edit.html", problem=None, **values)
