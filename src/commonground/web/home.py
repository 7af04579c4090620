"""The home page and the search over everything."""

import asyncio

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Account, Principal, RepositoryKind
from commonground.accounts.service import Accounts
from commonground.errors import AccountNotFound
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.repositories.model import KINDS, Repository
from commonground.hub.repositories.service import Repositories
from commonground.hub.search.model import SearchQuery, Sort
from commonground.web.links import repository_url
from commonground.web.site import Site

LONGEST_TEXT = 200
_SHOWN, _SUGGESTED = 6, 8
_COLUMNS: tuple[RepositoryKind, ...] = ("model", "dataset")


class Suggestion(msgspec.Struct, frozen=True):
    """One line of the search field's list."""

    name: str
    kind: RepositoryKind
    url: str


class HomePages:
    """``/``, ``/search`` and the suggestions of the search field."""

    def __init__(self, site: Site, accounts: Accounts, repositories: Repositories) -> None:
        self._site, self._accounts, self._repositories = site, accounts, repositories

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        return [
            self._site.route("GET", "/", self.home, "Home"),
            self._site.route("GET", "/search", self.search, "Search over everything"),
            self._site.route("GET", "/search/suggestions", self.suggestions, "Repositories for a search field"),
        ]

    async def home(self, request: Request) -> Response:
        """What is trending and what is new."""
        principal = (await self._site.visit(request)).principal
        lists = [self._top(principal, kind, sort) for kind in _COLUMNS for sort in ("trendingScore", "createdAt")]
        found = await asyncio.gather(*lists)
        columns = list(zip(_COLUMNS, found[::2], found[1::2], strict=True))
        return await self._site.page(request, "home.html", columns=columns)

    async def _top(self, principal: Principal, kind: RepositoryKind, sort: Sort) -> list[Repository]:
        query = SearchQuery(kind=kind, sort=sort, limit=_SHOWN)
        return (await self._repositories.list(principal, query)).items

    async def search(self, request: Request) -> Response:
        """The best matches of each kind, and the account of this name."""
        principal, text = (await self._site.visit(request)).principal, _text(request)
        found = await asyncio.gather(*(self._matches(principal, text, kind) for kind in KINDS))
        results = list(zip(KINDS, found, strict=True))
        account = await self._account(text)
        return await self._site.page(request, "search.html", text=text, results=results, account=account)

    async def suggestions(self, request: Request) -> Response:
        """Up to eight repositories of any kind, as JSON."""
        principal, text = (await self._site.visit(request)).principal, _text(request)
        found = await self._matches(principal, text, None, _SUGGESTED)
        shown = [Suggestion(item.full_name, item.kind, repository_url(item)) for item in found]
        return json_response(shown, headers={"Cache-Control": "private, max-age=30"})

    async def _matches(
        self, principal: Principal, text: str, kind: RepositoryKind | None, limit: int = _SHOWN
    ) -> list[Repository]:
        if not text:
            return []
        query = SearchQuery(kind=kind, text=text, sort="relevance", limit=limit)
        return (await self._repositories.list(principal, query)).items

    async def _account(self, text: str) -> Account | None:
        try:
            return await self._accounts.find(text)
        except AccountNotFound:
            return None


def _text(request: Request) -> str:
    return request.query_params.get("q", "").strip()[:LONGEST_TEXT]
