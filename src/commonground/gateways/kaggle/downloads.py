"""The bytes: one file of a version, or all of them as an archive."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import KINDS_BY_SEGMENT
from commonground.accounts.permissions import Action
from commonground.errors import EntryNotFound
from commonground.gateways.kaggle.checksums import Checksums
from commonground.gateways.kaggle.context import ROOT, Context
from commonground.gateways.kaggle.errors import render_error
from commonground.http.contents import file_content
from commonground.http.files import UNTRUSTED, Content, disposition, send_file
from commonground.http.identity import client_address
from commonground.http.routing import Handler, Route
from commonground.hub.archives.model import MEDIA_TYPES
from commonground.hub.repositories.model import Repository

MEDIA_TYPE = "application/octet-stream; charset=iso-8859-1"
"""Of every file. The client takes what is called JSON for an answer of the server, and in its environment TEST shows
every body as text: with this it need not guess an encoding from all of the bytes.
"""


class Downloads:
    """The addresses that calls for files lead to. They carry a token where the repository is not public."""

    def __init__(self, context: Context) -> None:
        self._context = context
        services = context.services
        self._checksums = Checksums(services.database, services.revisions)

    def routes(self) -> list[Route]:
        """The endpoints."""
        return [
            self._route("files/{revision}/{path*}", self.file, "Download a file of a version"),
            self._route("archives/{revision}", self.archive, "Download a version"),
            self._route("archives/{revision}/{path*}", self.archive, "Download a version that is a folder"),
        ]

    async def file(self, request: Request) -> Response:
        """A file, with its MD5 where that is known or quickly found."""
        repository = await self._open(request)
        revision, path = request.path_params["revision"], request.path_params["path"]
        commit, entry = await self._context.services.revisions.entry(repository, revision, path)
        if entry.type != "file":
            raise EntryNotFound(path=path, commit=commit)
        await self._count(request, repository, path)
        content = file_content(self._context.services.revisions, self._context.services.store, repository, entry)
        headers = {"Content-Disposition": disposition(path.rpartition("/")[2], attachment=True), **UNTRUSTED}
        content = msgspec.structs.replace(content, media_type=MEDIA_TYPE)
        content, checksum = await self._checksums.of(repository, entry, content)
        return await send_file(request, content, headers | checksum)

    async def archive(self, request: Request) -> Response:
        """All files of a version as one tar file, which the client unpacks. Any range of it can be had."""
        repository = await self._open(request)
        revision, folder = request.path_params["revision"], request.path_params.get("path", "")
        archive = await self._context.services.archives.open(repository, revision, folder, form="tar")
        await self._count(request, repository, None)
        content = Content(size=archive.size, etag=archive.etag, media_type=MEDIA_TYPES["tar"], read=archive.read)
        name = f"{repository.name}.tar"
        return await send_file(request, content, {"Content-Disposition": disposition(name, attachment=True)})

    async def _open(self, request: Request) -> Repository:
        caller, params = await self._context.caller(request), request.path_params
        services = self._context.services
        kind = KINDS_BY_SEGMENT[params["kind"]]
        repository = await services.repositories.open(caller, kind, params["owner"], params["name"], Action.READ)
        await services.repositories.check_files(caller, repository)
        return repository

    async def _count(self, request: Request, repository: Repository, path: str | None) -> None:
        services, caller = self._context.services, await self._context.caller(request)
        who = caller.name or client_address(request, services.settings)
        await services.repositories.count_download(repository, path, who)

    def _route(self, rest: str, handler: Handler, summary: str) -> Route:
        return Route(
            method="GET",
            template=f"{ROOT}/kaggle/{{kind:models|datasets}}/{{owner}}/{{name}}/{rest}",
            handler=handler,
            summary=summary,
            tag="kaggle",
            result=bytes,
            media_type="application/octet-stream",
            render_error=render_error,
        )
