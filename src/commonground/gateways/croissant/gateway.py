"""The route of Croissant: one document a data set."""

import asyncio

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.gateways.croissant.analysis import Analysis, analyse
from commonground.gateways.croissant.document import Asked, document
from commonground.gateways.croissant.errors import render_error
from commonground.gateways.croissant.snippets import snippets
from commonground.http.gateway import Snippet, Use
from commonground.http.identity import principal, public_origin
from commonground.http.parameters import read_query
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.services import Services
from commonground.store.lru import LeastRecent

MEDIA_TYPE = "application/ld+json"
CACHED = 50_000
"""Files and columns of all descriptions that are remembered: some 50 MB."""
LINK_SECONDS = 86_400
"""How long the addresses in a document with ``links=true`` open a private data set."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which revision, and whether addresses shall work without credentials."""

    revision: str | None = None
    links: bool = False


class CroissantGateway:
    """Serves mlcroissant, tfds and whatever else reads Croissant."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: LeastRecent[tuple[int, str], Analysis] = LeastRecent(CACHED)

    def routes(self) -> list[Route]:
        """Every endpoint."""
        return [
            Route(
                method="GET",
                template="/api/datasets/{owner}/{name}/croissant",
                handler=self.describe,
                summary="Describe a data set in Croissant 1.0",
                tag="croissant",
                query=("revision", "links"),
                media_type=MEDIA_TYPE,
                render_error=render_error,
            )
        ]

    def snippets(self, use: Use) -> list[Snippet]:
        """How to load a data set with mlcroissant."""
        return snippets(use)

    async def describe(self, request: Request) -> Response:
        """The description of a revision, with addresses that name its commit."""
        services, params = self._services, request.path_params
        caller = await principal(request, services.accounts)
        repository = await services.repositories.open(caller, "dataset", params["owner"], params["name"], Action.READ)
        await services.repositories.check_files(caller, repository)
        query = read_query(request, Query)
        commit = await services.revisions.resolve(repository, query.revision or repository.default_branch)
        asked = Asked(
            repository=repository,
            owner=await services.accounts.by_id(repository.owner_id),
            origin=public_origin(request, services.settings),
            token=await self._token(request, caller, repository) if query.links else "",
        )
        analysis = await self._analysis(repository, commit)
        content = await asyncio.to_thread(lambda: msgspec.json.encode(document(analysis, asked)))
        return Response(content, media_type=MEDIA_TYPE, headers={"X-Repo-Commit": commit})

    async def _analysis(self, repository: Repository, commit: str) -> Analysis:
        known = self._known.get((repository.id, commit))
        if known is None:
            known = await analyse(self._services.revisions, repository, commit)
            cost = len(known.files) + sum(len(table.columns) for table in known.tables)
            self._known.put((repository.id, commit), known, cost + 1)
        return known

    async def _token(self, request: Request, caller: Principal, repository: Repository) -> str:
        """A token for the files; whoever came with one gets the same, so that a link is not prolonged by using it."""
        if caller.via == "link":
            return request.query_params["token"]
        target = f"{repository.kind}:{repository.full_name}"
        return await self._services.accounts.sign_link(caller, target, LINK_SECONDS)
