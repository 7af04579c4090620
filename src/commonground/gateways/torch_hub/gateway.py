"""The routes for ``torch.hub``: addresses of files with a hash in their name."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from commonground.accounts.permissions import Action
from commonground.errors import EntryNotFound
from commonground.gateways.torch_hub.snippets import snippets
from commonground.gateways.torch_hub.wire import read_alias, write_alias
from commonground.http.contents import file_content
from commonground.http.files import UNTRUSTED, send_file
from commonground.http.gateway import Snippet, Use
from commonground.http.identity import client_address, principal
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Entry
from commonground.services import Services


class TorchHubGateway:
    """Serves files under ``name-<hash>.ending``, for ``load_state_dict_from_url(..., check_hash=True)``."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[Route]:
        """The one endpoint."""
        return [
            Route(
                method="GET",
                template="/{owner}/{name}/torch/{revision}/{path*}",
                handler=self.checkpoint,
                summary="Download a file whose name ends in the first digits of its SHA-256",
                tag="torch_hub",
                query=("token",),
                result=bytes,
            )
        ]

    def snippets(self, use: Use) -> list[Snippet]:
        """How to load weights, and models of a ``hubconf.py``."""
        return snippets(use)

    async def checkpoint(self, request: Request) -> Response:
        """The file, if the hash in its name is its own; a name without one leads to the name with it."""
        services = self._services
        caller, params = await principal(request, services.accounts), request.path_params
        repository = await services.repositories.open(caller, "model", params["owner"], params["name"], Action.READ)
        await services.repositories.check_files(caller, repository)
        commit = await services.revisions.resolve(repository, params["revision"])
        entry = await self._find(repository, commit, params["path"])
        if entry is None:
            return await self._redirect(request, repository, commit)
        who = caller.name or client_address(request, services.settings)
        await services.repositories.count_download(repository, entry.path, who)
        content = file_content(services.revisions, services.store, repository, entry)
        return await send_file(request, content, {"X-Repo-Commit": commit, **UNTRUSTED})

    async def _find(self, repository: Repository, commit: str, path: str) -> Entry | None:
        """The file a path with a hash stands for, be it named so or be the hash added; ``None`` for another path."""
        alias = read_alias(path)
        if alias is None:
            return None
        found = await self._services.revisions.paths(repository, commit, [path, alias.path])
        files = [entry for entry in found if entry.type == "file"]
        hashes = await self._services.revisions.sha256s(repository, files)
        for entry, sha256 in zip(files, hashes, strict=True):
            if sha256.startswith(alias.digits):
                return entry
        raise EntryNotFound(path=path, commit=commit)

    async def _redirect(self, request: Request, repository: Repository, commit: str) -> Response:
        path, revision = request.path_params["path"], request.path_params["revision"]
        _, entry = await self._services.revisions.entry(repository, commit, path)
        if entry.type != "file":
            raise EntryNotFound(path=path, commit=commit)
        [sha256] = await self._services.revisions.sha256s(repository, [entry])
        alias = write_alias(path, sha256)
        if alias is None:
            raise EntryNotFound(path=path, commit=commit)
        place = f"/{repository.full_name}/torch/{quote(revision, safe='')}/{quote(alias)}"
        query = request.scope["query_string"].decode("latin-1")
        return RedirectResponse(f"{place}?{query}" if query else place, 302)
