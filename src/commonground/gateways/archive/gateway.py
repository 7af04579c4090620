"""The routes of archives."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.permissions import Action
from commonground.errors import ArchiveTooLarge, BadRequest, EntryNotFound, RevisionNotFound
from commonground.gateways.archive.snippets import snippets
from commonground.gateways.archive.wire import Query, read_address
from commonground.http.archives import render_error, send_archive
from commonground.http.gateway import Snippet, Use
from commonground.http.git_addresses import open_repository
from commonground.http.parameters import read_query
from commonground.http.routing import Route
from commonground.services import Services

_TAIL = "/{owner}/{name}/archive/{revision}/{path*}"


class ArchiveGateway:
    """Serves readers that take a URL of an archive: wget, tar, fairseq, KServe, WebDataset."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[Route]:
        """One endpoint for every kind of repository."""
        return [
            Route(
                method="GET",
                template=prefix + _TAIL,
                handler=self.archive,
                summary="An archive of a revision, or of a folder of it: .tar.gz, .tgz, .tar or .zip",
                tag="archive",
                result=bytes,
                query=Query,
                media_type="application/gzip",
                errors=(BadRequest, RevisionNotFound, EntryNotFound, ArchiveTooLarge),
                render_error=render_error,
            )
            for prefix in ("", "/{kind:datasets|spaces|kernels}")
        ]

    def snippets(self, use: Use) -> list[Snippet]:
        """How to fetch and unpack one."""
        return snippets(use)

    async def archive(self, request: Request) -> Response:
        """The archive an address names."""
        services = self._services
        caller, repository = await open_repository(request, services.accounts, services.repositories, Action.READ)
        await services.repositories.check_files(caller, repository)
        params = request.path_params
        asked = read_address(repository, params["revision"], params["path"], read_query(request, Query))
        archive = await services.archives.open(repository, asked.revision, asked.folder, form=asked.form, top=asked.top)
        return await send_archive(request, services, caller, repository, archive, asked.form, asked.filename)
