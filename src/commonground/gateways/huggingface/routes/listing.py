"""Lists of repositories: search, filters, quick search, tags."""

import re
from typing import Any, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import KINDS_BY_SEGMENT, SEGMENTS, Account, Principal, RepositoryKind
from commonground.accounts.permissions import Action, role_on, token_allows
from commonground.errors import AccountNotFound, BadRequest
from commonground.gateways.huggingface import information
from commonground.gateways.huggingface.context import Context, endpoint, flag, limit_of
from commonground.gateways.huggingface.information import Facts
from commonground.gateways.huggingface.siblings import Siblings
from commonground.gateways.huggingface.wire import moment
from commonground.http.identity import signed_in
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.hub.search.model import SearchQuery, Sort

_QUERY = ("search", "author", "filter", "sort", "direction", "limit", "cursor", "full", "cardData", "config", "expand")
_FOREIGN = ("inference", "inference_provider", "apps", "benchmark", "trained_dataset")
"""Filters on facts of services behind the public hub; here they are tags that a repository may have."""

_SORTS = {name.lower(): name for name in get_args(Sort)} | {"last_modified": "lastModified", "created_at": "createdAt"}
_BOUND = re.compile(r"(min|max):(\d{1,12}(?:\.\d{1,6})?)([KMBT]?)\Z", re.IGNORECASE)
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
QUICK_LIMIT = 20


class ListingRoutes:
    """Which repositories there are."""

    def __init__(self, context: Context, siblings: Siblings) -> None:
        self._context = context
        self._siblings = siblings

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        tags = "/api/{kind:models|datasets}-tags-by-type"
        organization = "/api/organizations/{account}/settings/repositories"
        return [
            endpoint("GET", "/api/{kind:models|datasets|spaces|kernels}", self.search, "Search", query=_QUERY),
            endpoint("GET", "/api/quicksearch", self.quick, "Search while typing", query=("q", "type", "limit")),
            endpoint("GET", tags, self.tags, "Tags in use, by type"),
            endpoint("GET", "/api/settings/repositories", self.own, "The caller's repositories and their storage"),
            endpoint("GET", organization, self.of_organization, "The repositories of an organisation"),
        ]

    async def search(self, request: Request) -> Response:
        """One page of what matches."""
        caller = await self._context.caller(request)
        kind = KINDS_BY_SEGMENT[request.path_params["kind"]]
        names = _properties(request, kind)
        page = await self._context.repositories.list(caller, search_query(request, kind))
        items = [information.describe(await self._facts(found, names), names) for found in page.items]
        return self._context.page(request, items, page.cursor)

    async def _facts(self, repository: Repository, names: tuple[str, ...]) -> Facts:
        siblings = None
        if "siblings" in names and repository.head is not None and repository.visibility != "protected":
            siblings = await self._siblings.names(repository, repository.head)
        return Facts(repository=repository, sha=repository.head, modified_at=repository.updated_at, siblings=siblings)

    async def quick(self, request: Request) -> Response:
        """A few repositories of every kind, and the account of exactly this name."""
        caller = await self._context.caller(request)
        text = request.query_params.get("q", "")
        kinds = request.query_params.getlist("type") or list(KINDS_BY_SEGMENT)
        answer: dict[str, Any] = {}
        for segment, kind in KINDS_BY_SEGMENT.items():
            asked = {segment, kind} & set(kinds)
            found = await self._quick(caller, kind, text, limit_of(request, QUICK_LIMIT)) if asked and text else []
            answer[segment] = [{"id": repository.full_name} for repository in found]
        return json_response(answer | await self._account(text))

    async def _quick(self, caller: Principal, kind: RepositoryKind, text: str, limit: int) -> list[Repository]:
        query = SearchQuery(kind=kind, text=text, sort="relevance", limit=limit)
        return (await self._context.repositories.list(caller, query)).items

    async def _account(self, name: str) -> dict[str, Any]:
        try:
            account = await self._context.accounts.find(name)
        except AccountNotFound:
            return {"users": [], "orgs": []}
        item = {"name": account.name, "user": account.name, "fullname": account.full_name, "avatarUrl": ""}
        return {"users": [item], "orgs": []} if account.kind == "user" else {"users": [], "orgs": [item]}

    async def tags(self, request: Request) -> Response:
        """``{type: [{id, label, type}...]}``, most frequent first."""
        caller = await self._context.caller(request)
        facets = await self._context.repositories.facets(
            caller, SearchQuery(kind=KINDS_BY_SEGMENT[request.path_params["kind"]])
        )
        return json_response(
            {
                name: [{"id": f"{name}:{value}", "label": value, "type": name, "count": n} for value, n in counts]
                for name, counts in facets.counts.items()
            }
        )

    async def own(self, request: Request) -> Response:
        """What the caller owns."""
        caller = await signed_in(request, self._context.accounts)
        return await self._storage(request, caller, await self._context.accounts.find(caller.name))

    async def of_organization(self, request: Request) -> Response:
        """What an organisation owns, as far as the caller may see it."""
        caller = await signed_in(request, self._context.accounts)
        account = await self._context.accounts.find(request.path_params["account"])
        return await self._storage(request, caller, account)

    async def _storage(self, request: Request, caller: Principal, account: Account) -> Response:
        """The share of each in what the account keeps; for strangers in what is listed, since the whole would tell
        them of private repositories.
        """
        query = SearchQuery(
            author=account.name,
            sort="lastModified",
            limit=limit_of(request),
            cursor=request.query_params.get("cursor"),
        )
        page = await self._context.repositories.list(caller, query)
        total = sum(found.used_storage for found in page.items)
        if token_allows(caller, Action.READ, account.name) and role_on(caller, account.id):
            total = await self._context.repositories.used_storage_of(account.id)
        items = [_storage_item(found, total) for found in page.items]
        return self._context.page(request, items, page.cursor)


def search_query(request: Request, kind: RepositoryKind) -> SearchQuery:
    """The question a list request asks; :class:`BadRequest` for what cannot be asked."""
    query = request.query_params
    sort = _SORTS.get(query.get("sort", "trendingScore").lower())
    if sort is None:
        raise BadRequest(reason=f"sort must be one of {', '.join(get_args(Sort))}")
    smallest, largest = _parameters(query.get("num_parameters", ""))
    return SearchQuery(
        kind=kind,
        text=query.get("search", ""),
        author=query.get("author", ""),
        filters=tuple(_filters(request)),
        pipeline_tag=query.get("pipeline_tag", ""),
        library=query.get("library", ""),
        license=query.get("license", ""),
        languages=tuple(query.getlist("language")),
        gated=flag(request, "gated") if "gated" in query else None,
        min_parameters=smallest,
        max_parameters=largest,
        sort=msgspec.convert(sort, Sort),
        descending=query.get("direction", "-1") != "1",
        limit=limit_of(request),
        cursor=query.get("cursor"),
    )


def _filters(request: Request) -> list[str]:
    query = request.query_params
    given = [tag for text in query.getlist("filter") for tag in text.split(",") if tag]
    given += [f"{name}:{value}" for name in _FOREIGN for value in query.getlist(name) if value]
    given += [f"dataset:{value}" for name in ("dataset", "datasets") for value in query.getlist(name)]
    return [*given, *(f"model:{value}" for value in query.getlist("models"))]


def _parameters(text: str) -> tuple[int | None, int | None]:
    """``min:6B,max:128B`` as numbers of parameters."""
    bounds: dict[str, int] = {}
    for part in filter(None, text.split(",")):
        match = _BOUND.match(part.strip())
        if match is None:
            raise BadRequest(reason="num_parameters looks like min:6B,max:128B")
        bounds[match[1].lower()] = int(float(match[2]) * _UNITS[match[3].upper()])
    return bounds.get("min"), bounds.get("max")


def _properties(request: Request, kind: RepositoryKind) -> tuple[str, ...]:
    query = request.query_params
    asked = [*query.getlist("expand"), *query.getlist("expand[]")]
    if asked:
        return information.expanded(kind, asked)
    names = information.FULL[kind] if flag(request, "full") else information.LISTED[kind]
    return (*names, *(name for name in ("cardData", "config") if flag(request, name)))


def _storage_item(repository: Repository, total: int) -> dict[str, Any]:
    return {
        "id": repository.full_name,
        "type": repository.kind,
        "visibility": repository.visibility,
        "updatedAt": moment(repository.updated_at),
        "storage": repository.used_storage,
        "storagePercent": 100 * repository.used_storage / total if total else 0,
        "url": f"/{'' if repository.kind == 'model' else SEGMENTS[repository.kind] + '/'}{repository.full_name}",
    }
