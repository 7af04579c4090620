"""What revisions contain and how they differ."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.gateways.native import encoding, errors, wire
from commonground.gateways.native.context import REPOSITORY, Context, endpoint, page
from commonground.http.parameters import read_query
from commonground.http.responses import json_response
from commonground.http.routing import Route

CHANGES = 10_000
"""Most paths of a comparison."""

EXPANDED_PAGE = 100
"""Most entries of a page that shows the last commit of each."""


class TreeRoutes:
    """Folders, histories and differences."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._revisions = context.services.revisions

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        tree = f"{REPOSITORY}/tree/{{revision}}"
        listed = {"query": wire.TreeQuery, "result": wire.Page[wire.Entry], "errors": errors.READ}
        return [
            endpoint("GET", tree, self.list_tree, "List the root folder", **listed),
            endpoint("GET", f"{tree}/{{path*}}", self.list_tree, "List a folder", **listed),
            endpoint("GET", f"{REPOSITORY}/commits/{{revision}}", self.list_commits, "List the history",
                     query=wire.HistoryQuery, result=wire.Page[wire.Commit], errors=errors.READ),
            endpoint("GET", f"{REPOSITORY}/diff", self.diff, "Compare two revisions",
                     query=wire.DiffQuery, result=wire.Diff, errors=errors.READ),
        ]  # fmt: skip

    async def list_tree(self, request: Request) -> Response:
        """A page of the entries of a folder, in the order of their bytes."""
        _, repository = await self._context.opened(request)
        asked = read_query(request, wire.TreeQuery)
        found = await self._revisions.tree(
            repository,
            request.path_params["revision"],
            request.path_params.get("path", "").strip("/"),
            recursive=asked.recursive,
            expand=asked.expand,
            cursor=asked.cursor,
            limit=min(asked.limit, EXPANDED_PAGE) if asked.expand else asked.limit,
        )
        return page(request, [encoding.entry(item) for item in found.items], found.cursor)

    async def list_commits(self, request: Request) -> Response:
        """A page of the commits that led to a revision, newest first."""
        _, repository = await self._context.opened(request)
        asked = read_query(request, wire.HistoryQuery)
        found = await self._revisions.history(
            repository, request.path_params["revision"], cursor=asked.cursor, limit=asked.limit
        )
        return page(request, [encoding.commit(item) for item in found.items], found.cursor)

    async def diff(self, request: Request) -> Response:
        """The paths that differ between two revisions."""
        _, repository = await self._context.opened(request)
        asked = read_query(request, wire.DiffQuery)
        found = await self._revisions.diff(repository, asked.base, asked.head, CHANGES + 1)
        changes = [encoding.change(item) for item in found[:CHANGES]]
        return json_response(wire.Diff(changes=changes, complete=len(found) <= CHANGES))
