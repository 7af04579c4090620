"""Lists of repositories with facets. The address says everything: search, filters, order and place."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import RepositoryKind
from commonground.http.routing import Handler, Route
from commonground.hub.repositories.service import Repositories
from commonground.hub.search.model import SearchQuery, Sort
from commonground.hub.search.service import DIMENSIONS
from commonground.web.links import LISTS
from commonground.web.site import Site

PAGE = 30
SORTS: Mapping[str, Sort] = {
    "trending": "trendingScore",
    "downloads": "downloads",
    "likes": "likes",
    "modified": "lastModified",
    "created": "createdAt",
    "relevance": "relevance",
}
_LONGEST_TEXT, _MOST_FILTERS = 200, 20


class ListPages:
    """``/models``, ``/datasets``, ``/spaces``, ``/kernels``."""

    def __init__(self, site: Site, repositories: Repositories) -> None:
        self._site, self._repositories = site, repositories

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        return [self._site.route("GET", path, self._handler(kind), f"List of {kind}s") for kind, path in LISTS.items()]

    def _handler(self, kind: RepositoryKind) -> Handler:
        async def show(request: Request) -> Response:
            return await self.show(request, kind)

        return show

    async def show(self, request: Request, kind: RepositoryKind) -> Response:
        """A page of the list, with how often each filter would match."""
        principal = (await self._site.visit(request)).principal
        query, chosen = read_query(request, kind)
        page = await self._repositories.list(principal, query)
        facets = await self._repositories.facets(principal, query)
        return await self._site.page(
            request,
            "list.html",
            kind=kind,
            repositories=page.items,
            cursor=page.cursor,
            facets=facets.counts,
            exact=facets.exact,
            chosen=chosen,
            opened=bool(chosen),
            text=query.text,
            sort=next(name for name, value in SORTS.items() if value == query.sort),
            sorts=[name for name in SORTS if query.text or name != "relevance"],
        )


def read_query(request: Request, kind: RepositoryKind) -> tuple[SearchQuery, list[tuple[str, str]]]:
    """The search an address asks for, and its filters as pairs of name and value. What is unknown is left out."""
    given = request.query_params
    names = (*DIMENSIONS[kind], "other", "author")
    chosen = [(name, value) for name, value in given.multi_items() if name in names and value][:_MOST_FILTERS]
    text = given.get("search", "").strip()[:_LONGEST_TEXT]
    sort = SORTS.get(given.get("sort", ""), "relevance" if text else "trendingScore")
    query = SearchQuery(
        kind=kind,
        text=text,
        author=dict(chosen).get("author", ""),
        filters=tuple(value if name == "other" else f"{name}:{value}" for name, value in chosen if name != "author"),
        sort=sort if text or sort != "relevance" else "trendingScore",
        limit=PAGE,
        cursor=given.get("cursor") or None,
    )
    return query, chosen
