"""Which repositories there are: creating, describing, listing, deleting."""

from typing import Any

import msgspec
import yaml
from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import KINDS_BY_SEGMENT, Principal, RepositoryKind
from commonground.accounts.permissions import Action
from commonground.errors import BadRequest
from commonground.gateways.modelscope import wire
from commonground.gateways.modelscope.context import (
    LIST,
    OPEN_LIST,
    OPEN_REPOSITORY,
    REPOSITORY,
    Context,
    endpoint,
)
from commonground.gateways.modelscope.envelope import answer, open_answer
from commonground.gateways.modelscope.information import describe, describe_open
from commonground.gateways.modelscope.search import find
from commonground.http.bodies import read_json
from commonground.http.multipart import read_parts
from commonground.http.parameters import read_query
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile, CommitRequest
from commonground.hub.search.model import SearchQuery, Sort

FORM_LIMIT = 2**20
ASSUMED_LICENSE = "apache-2.0"
"""What clients send when nobody chose a licence: too little to claim one."""

_SORTS: dict[str, Sort] = {"downloads": "downloads", "likes": "likes", "last_modified": "lastModified"}


class RepositoryRoutes:
    """Models and data sets."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        listed, found = wire.DatasetsQuery, wire.SearchQuery
        return [
            endpoint("POST", LIST, self.create, "Create a repository", body=wire.CreateRepository),
            endpoint("GET", LIST, self.list, "List repositories", query=listed),
            endpoint("GET", REPOSITORY, self.show, "Describe a repository"),
            endpoint("DELETE", REPOSITORY, self.delete, "Delete a repository"),
            endpoint("GET", OPEN_LIST, self.search, "Search", query=found),
            endpoint("GET", OPEN_REPOSITORY, self.show_open, "Describe a repository"),
        ]

    async def create(self, request: Request) -> Response:
        """A new repository; its card is started where the request tells what to write there."""
        caller = await self._context.signed_in(request)
        body = await _creation(request)
        kind = KINDS_BY_SEGMENT[request.path_params["kind"]]
        made = await self._context.repositories.create(
            caller,
            kind,
            body.path or body.owner or caller.name,
            body.name,
            visibility=wire.VISIBILITIES[body.visibility],
        )
        if body.protected_mode == wire.GATED:
            made = await self._context.repositories.update_settings(caller, made, gated="manual")
        await self._start_card(caller, made, body)
        return answer(request, describe(made))

    async def _start_card(self, caller: Principal, repository: Repository, body: wire.CreateRepository) -> None:
        if (content := starting_card(body)) is not None:
            card = AddFile(path="README.md", content=content)
            asked = CommitRequest(title="Start the card", operations=[card])
            await self._context.revisions.commit(repository, caller, repository.default_branch, asked)

    async def show(self, request: Request) -> Response:
        """What there is to know about a repository."""
        _, repository = await self._context.opened(request, Action.READ_METADATA)
        return answer(request, describe(repository))

    async def show_open(self, request: Request) -> Response:
        """The same for the newer interface."""
        _, repository = await self._context.opened(request, Action.READ_METADATA)
        return open_answer(request, describe_open(repository))

    async def delete(self, request: Request) -> Response:
        """Delete a repository."""
        caller, repository = await self._context.opened(request, Action.DELETE)
        await self._context.repositories.delete(caller, repository)
        return answer(request, None)

    async def list(self, request: Request) -> Response:
        """A page of the repositories of an owner, the last changed first."""
        caller, asked = await self._context.caller(request), read_query(request, wire.DatasetsQuery)
        query = SearchQuery(kind=_kind(request), author=asked.owner, sort="lastModified")
        items, total = await find(self._context.repositories, caller, query, asked.page_number, asked.page_size)
        place = {"TotalCount": total, "PageNumber": asked.page_number, "PageSize": asked.page_size}
        return answer(request, [describe(item) for item in items], **place)

    async def search(self, request: Request) -> Response:
        """A page of what matches."""
        caller, asked = await self._context.caller(request), read_query(request, wire.SearchQuery)
        kind = _kind(request)
        items, total = await find(
            self._context.repositories, caller, _question(kind, asked), asked.page_number, asked.page_size
        )
        found: dict[str, Any] = {request.path_params["kind"]: [describe_open(item) for item in items]}
        place = {"total_count": total, "page_number": asked.page_number, "page_size": asked.page_size}
        return open_answer(request, found | place)


def starting_card(body: wire.CreateRepository) -> bytes | None:
    """The README of a new repository, or ``None`` where nothing was said about it."""
    named = body.license if body.license.lower() != ASSUMED_LICENSE else ""
    if not (named or body.description or body.chinese_name):
        return None
    head = f"---\n{yaml.safe_dump({'license': named.lower()})}---\n" if named else ""
    return f"{head}# {body.chinese_name or body.name}\n\n{body.description}\n".encode("utf-8", "replace")


def _kind(request: Request) -> RepositoryKind:
    return KINDS_BY_SEGMENT[request.path_params["kind"]]


def _question(kind: RepositoryKind, asked: wire.SearchQuery) -> SearchQuery:
    task = f"task_categories:{asked.task}" if asked.task and kind == "dataset" else ""
    return SearchQuery(
        kind=kind,
        text=asked.search,
        author=asked.owner,
        filters=tuple(tag for tag in (asked.custom_tag, task) if tag),
        pipeline_tag="" if task else asked.task,
        library=asked.library,
        license=asked.license,
        sort=_SORTS.get(asked.sort, "relevance" if asked.search else "trendingScore"),
    )


async def _creation(request: Request) -> wire.CreateRepository:
    """The body, which clients send as JSON for a model and as a form for a data set."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return await read_json(request, wire.CreateRepository, FORM_LIMIT)
    fields = {part.name: await part.text() async for part in read_parts(request, FORM_LIMIT)}
    try:
        return msgspec.convert(fields, wire.CreateRepository, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(reason=f"the form does not fit: {error}") from None
