"""What every route of the gateway uses: the services, who is calling, which repository, and pages of lists."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import KINDS_BY_SEGMENT, Principal
from commonground.accounts.permissions import Action
from commonground.errors import BadRequest
from commonground.gateways.huggingface.errors import render_error
from commonground.http.addresses import next_link
from commonground.http.identity import principal, public_origin
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.services import Services

REPOSITORY = "/api/{kind:models|datasets|spaces|kernels}/{owner}/{name}"
"""Template of a repository in the API."""

LISTED_LIMIT = 1000


class Context:
    """The services the gateway calls, and what all routes ask of them."""

    def __init__(self, services: Services) -> None:
        self.settings = services.settings
        self.database = services.database
        self.accounts = services.accounts
        self.signer = services.signer
        self.repositories = services.repositories
        self.revisions = services.revisions
        self.store = services.store
        self.likes = services.likes
        self.runs = services.runs
        self.schedules = services.schedules

    async def caller(self, request: Request) -> Principal:
        """Who is calling; :class:`InvalidCredentials` for a wrong token."""
        return await principal(request, self.accounts)

    async def repository(self, request: Request, action: Action = Action.READ) -> Repository:
        """The repository the path names, if the caller may do ``action`` to it."""
        return (await self.opened(request, action))[1]

    async def opened(self, request: Request, action: Action = Action.READ) -> tuple[Principal, Repository]:
        """The caller and the repository the path names."""
        caller = await principal(request, self.accounts)
        params = request.path_params
        kind = KINDS_BY_SEGMENT[params.get("kind", "models")]
        return caller, await self.repositories.open(caller, kind, params["owner"], params["name"], action)

    def origin(self, request: Request) -> str:
        """``scheme://host`` the caller reaches this server at."""
        return public_origin(request, self.settings)

    def page(self, request: Request, items: Any, cursor: str | None) -> Response:
        """A part of a list; the address of the next part is in ``Link``."""
        return json_response(items, headers=next_link(request, cursor, self.origin(request)))


def endpoint(
    method: str, template: str, handler: Callable[[Request], Awaitable[Response]], summary: str, **more: Any
) -> Route:
    """A route of this protocol."""
    return Route(
        method=method,
        template=template,
        handler=handler,
        summary=summary,
        tag="huggingface",
        render_error=render_error,
        **more,
    )


def flag(request: Request, name: str) -> bool:
    """A boolean of the query string: ``true``, ``True`` and ``1`` are yes."""
    return request.query_params.get(name, "").lower() in {"true", "1"}


def limit_of(request: Request, largest: int = LISTED_LIMIT) -> int:
    """The page size that is asked for, at most ``largest``."""
    given = request.query_params.get("limit")
    if given is None:
        return largest
    if not given.isdigit() or len(given) > 9 or int(given) < 1:
        raise BadRequest(reason="limit must be a positive number")
    return min(int(given), largest)
