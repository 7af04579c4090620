"""The one route of TensorFlow Hub: the page address of a folder, asked for as an archive."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.permissions import Action
from commonground.errors import ArchiveTooLarge, BadRequest, EntryNotFound, NotSavedModel, RevisionNotFound
from commonground.gateways.tensorflow_hub.snippets import MARKER, snippets
from commonground.http.archives import render_error, send_archive
from commonground.http.gateway import Snippet, Use
from commonground.http.git_addresses import open_repository
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.services import Services

FORMAT = "tf-hub-format"
MARKERS = (MARKER, "saved_model.pbtxt")


class TensorFlowHubGateway:
    """Serves ``tensorflow_hub.load("https://hub/owner/name")``: the client adds ``?tf-hub-format=compressed``."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[Route]:
        """The pages of repositories and folders, where the query asks for a SavedModel."""
        return [
            Route(
                method="GET",
                template=f"{prefix}/{{owner}}/{{name}}{tail}",
                handler=self.saved_model,
                summary="A SavedModel for tensorflow_hub, as .tar.gz",
                tag="tensorflow_hub",
                result=bytes,
                query=(FORMAT,),
                media_type="application/gzip",
                errors=(BadRequest, NotSavedModel, RevisionNotFound, EntryNotFound, ArchiveTooLarge),
                render_error=render_error,
                when=_is_asked,
            )
            for prefix in ("", "/{kind:datasets|spaces|kernels}")
            for tail in ("", "/tree/{revision}", "/tree/{revision}/{path*}")
        ]

    def snippets(self, use: Use) -> list[Snippet]:
        """How to load the SavedModel at the root."""
        return snippets(use)

    async def saved_model(self, request: Request) -> Response:
        """The folder as an archive with the SavedModel at its root."""
        services, params = self._services, request.path_params
        caller, repository = await open_repository(request, services.accounts, services.repositories, Action.READ)
        await services.repositories.check_files(caller, repository)
        if request.query_params[FORMAT] != "compressed":
            raise BadRequest(
                reason="only the compressed format is served, the other one is read from Google Cloud Storage: "
                "unset TFHUB_MODEL_LOAD_FORMAT"
            )
        revision, folder = params.get("revision", repository.default_branch), params.get("path", "").strip("/")
        commit = await self._check(repository, revision, folder)
        archive = await services.archives.open(repository, commit, folder, form="tar.gz")
        filename = f"{repository.name}.tar.gz"
        return await send_archive(request, services, caller, repository, archive, "tar.gz", filename)

    async def _check(self, repository: Repository, revision: str, folder: str) -> str:
        """The commit of ``revision``; :class:`NotSavedModel` where its ``folder`` holds none."""
        revisions = self._services.revisions
        commit = await revisions.resolve(repository, revision)
        base = f"{folder}/" if folder else ""
        found = await revisions.paths(repository, commit, [base + marker for marker in MARKERS])
        if not any(entry.type == "file" for entry in found):
            raise NotSavedModel(folder=f"/{folder}")
        return commit


def _is_asked(request: Request) -> bool:
    return FORMAT in request.query_params
