"""Finding, making and changing repositories."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.permissions import Action
from commonground.database.clock import now_ms
from commonground.errors import GatedRepository
from commonground.gateways.native import encoding, errors, wire
from commonground.gateways.native.context import REPOSITORIES, REPOSITORY, Context, endpoint, page
from commonground.http.bodies import read_json
from commonground.http.identity import signed_in
from commonground.http.parameters import read_query
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.search.model import SearchQuery


class RepositoryRoutes:
    """The life of a repository."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._repositories = context.services.repositories

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        one, changed = wire.RepositoryDetails, {"result": wire.RepositoryDetails, "errors": errors.FIND}
        named = errors.NAMES
        return [
            endpoint("GET", REPOSITORIES, self.list_repositories, "Search repositories",
                     query=wire.RepositoryQuery, result=wire.Page[wire.Repository], errors=errors.SIGNED_IN),
            endpoint("POST", REPOSITORIES, self.create_repository, "Create a repository",
                     body=wire.CreateRepository, result=one, status=201, errors=named),
            endpoint("GET", REPOSITORY, self.get_repository, "Show a repository", **changed),
            endpoint("PATCH", REPOSITORY, self.update_repository, "Change settings",
                     body=wire.UpdateRepository, **changed),
            endpoint("DELETE", REPOSITORY, self.delete_repository, "Delete a repository",
                     status=204, errors=errors.FIND),
            endpoint("POST", f"{REPOSITORY}/move", self.move_repository, "Rename or hand over",
                     body=wire.MoveRepository, result=one, errors=(*errors.FIND, *named)),
            endpoint("POST", f"{REPOSITORY}/duplicate", self.duplicate_repository, "Copy with its history",
                     body=wire.DuplicateRepository, result=one, status=201,
                     errors=(*errors.FIND, *named, GatedRepository)),
            endpoint("POST", f"{REPOSITORY}/links", self.create_link, "Make a token for addresses that read its files",
                     body=wire.CreateLink, result=wire.Link, status=201, errors=errors.READ),
        ]  # fmt: skip

    async def list_repositories(self, request: Request) -> Response:
        """A page of the repositories the caller may know of that fit all conditions."""
        caller, asked = await self._context.caller(request), read_query(request, wire.RepositoryQuery)
        found = await self._repositories.list(caller, _search(asked))
        return page(request, [encoding.repository(item) for item in found.items], found.cursor)

    async def create_repository(self, request: Request) -> Response:
        """A new repository with its first commit."""
        caller = await signed_in(request, self._context.services.accounts)
        body = await read_json(request, wire.CreateRepository)
        made = await self._repositories.create(
            caller, body.kind, body.owner, body.name, visibility=body.visibility, options=body.options
        )
        return json_response(encoding.repository_details(made), 201)

    async def get_repository(self, request: Request) -> Response:
        """What is known about a repository."""
        _, found = await self._context.opened(request, Action.READ_METADATA)
        return json_response(encoding.repository_details(found))

    async def update_repository(self, request: Request) -> Response:
        """Change visibility, gating or options; what is left out stays."""
        caller, found = await self._context.opened(request, Action.MANAGE)
        body = await read_json(request, wire.UpdateRepository)
        changed = await self._repositories.update_settings(
            caller, found, visibility=body.visibility, gated=body.gated, options=body.options
        )
        return json_response(encoding.repository_details(changed))

    async def delete_repository(self, request: Request) -> Response:
        """Remove a repository and its history for ever."""
        caller, found = await self._context.opened(request, Action.DELETE)
        await self._repositories.delete(caller, found)
        return Response(status_code=204)

    async def move_repository(self, request: Request) -> Response:
        """Give a repository another name or owner; the old id keeps leading to it."""
        caller, found = await self._context.opened(request, Action.MANAGE)
        body = await read_json(request, wire.MoveRepository)
        moved = await self._repositories.move(caller, found, body.owner, body.name)
        return json_response(encoding.repository_details(moved))

    async def duplicate_repository(self, request: Request) -> Response:
        """A new repository with the branches, tags and history of this one; content is shared, not copied."""
        caller, source = await self._context.opened(request)
        body = await read_json(request, wire.DuplicateRepository)
        made = await self._repositories.duplicate(caller, source, body.owner, body.name, visibility=body.visibility)
        return json_response(encoding.repository_details(made), 201)

    async def create_link(self, request: Request) -> Response:
        """A token that reads this repository as the caller may, put into an address as ``?token=``: for clients that
        send no credentials.
        """
        accounts = self._context.services.accounts
        caller, found = await self._context.caller(request), await self._context.readable(request)
        body = await read_json(request, wire.CreateLink)
        expires_at = now_ms() + body.seconds * 1000
        token = await accounts.sign_link(caller, f"{found.kind}:{found.full_name}", body.seconds)
        return json_response(wire.Link(token, expires_at), 201)


def _search(asked: wire.RepositoryQuery) -> SearchQuery:
    return SearchQuery(
        kind=asked.kind,
        text=asked.text,
        author=asked.owner,
        filters=asked.tag,
        pipeline_tag=asked.pipeline_tag,
        library=asked.library,
        license=asked.license,
        languages=asked.language,
        gated=asked.gated,
        min_parameters=asked.min_parameters,
        max_parameters=asked.max_parameters,
        sort=asked.sort,
        descending=asked.descending,
        limit=asked.limit,
        cursor=asked.cursor,
    )
