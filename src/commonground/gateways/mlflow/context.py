"""What every route of the gateway uses: the services, who is calling, which registered model, typed bodies."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.errors import BadRequest, InvalidRecord, RepositoryMoved
from commonground.gateways.mlflow import wire
from commonground.gateways.mlflow.errors import render_error
from commonground.gateways.mlflow.names import split_name
from commonground.http.bodies import JSON_LIMIT, read_body
from commonground.http.identity import principal
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.services import Services

T = TypeVar("T")

API = "/api/2.0/mlflow"
NEWER_API = "/api/3.0/mlflow"


class Context:
    """The services the gateway calls, and what all routes ask of them."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.repositories = services.repositories
        self.tracking = services.tracking

    async def caller(self, request: Request) -> Principal:
        """Who is calling: by token or by name and password."""
        return await principal(request, self.services.accounts)

    async def model(self, caller: Principal, name: str, action: Action = Action.READ) -> Repository:
        """The repository a registered model is, if the caller may do ``action`` to it."""
        owner, repository = split_name(name, caller)
        try:
            return await self.repositories.open(caller, "model", owner, repository, action)
        except RepositoryMoved as moved:
            owner, _, repository = str(moved.details["repository"]).partition("/")
            return await self.repositories.open(caller, "model", owner, repository, action)

    async def readable(self, caller: Principal, name: str) -> Repository:
        """The repository a registered model is, if the caller may read its files: that is what versions are."""
        repository = await self.model(caller, name)
        await self.repositories.check_files(caller, repository)
        return repository


def endpoint(
    method: str, path: str, handler: Callable[[Request], Awaitable[Response]], summary: str, **more: Any
) -> Route:
    """A route of this protocol."""
    return Route(
        method=method,
        template=path if path.startswith("/api/") else f"{API}/{path}",
        handler=handler,
        summary=summary,
        tag="mlflow",
        render_error=render_error,
        **more,
    )


def answer(value: Any = None) -> Response:
    """A success."""
    return json_response({} if value is None else value)


async def read(request: Request, kind: type[T]) -> T:
    """The JSON body as ``kind``; :class:`BadRequest` says what does not fit."""
    data = await read_body(request, JSON_LIMIT) or b"{}"
    if b"\\u0000" in data:
        raise BadRequest(reason="the body holds a NUL")
    try:
        return msgspec.json.decode(data, type=kind, strict=False)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadRequest(reason=f"the JSON body does not fit: {error}") from None


def pairs(given: Sequence[wire.Pair]) -> dict[str, str]:
    """Tags or parameters by key; :class:`InvalidRecord` for one that is there twice with different values."""
    found: dict[str, str] = {}
    for pair in given:
        if found.setdefault(pair.key, pair.value) != pair.value:
            raise InvalidRecord(reason=f"{pair.key[:100]} is given twice, with different values")
    return found


def offset_of(token: str) -> int:
    """Where a page begins; :class:`BadRequest` for a token that is none."""
    if not token:
        return 0
    if not token.isdecimal() or not token.isascii() or len(token) > 9:
        raise BadRequest(reason="the page token is not one of this server's")
    return int(token)


def size_of(asked: int, most: int = wire.PAGE_LIMIT) -> int:
    """How much a page holds."""
    if asked < 1:
        raise BadRequest(reason="max_results is at least 1")
    return min(asked, most)


def paged(name: str, items: Sequence[Any], offset: int, size: int) -> dict[str, Any]:
    """A page of at most ``size`` of the ``items``, which hold one more where there is another page."""
    found: dict[str, Any] = {name: list(items[:size])}
    if len(items) > size:
        found["next_page_token"] = str(offset + size)
    return found
