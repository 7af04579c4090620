"""What every route uses: the services, who is calling, which repository, and pages of lists."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import KINDS_BY_SEGMENT, Principal
from commonground.accounts.permissions import Action
from commonground.gateways.native import wire
from commonground.gateways.native.errors import render_error
from commonground.http.addresses import next_link
from commonground.http.identity import principal
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.services import Services

REPOSITORIES = f"{wire.API}/repositories"
REPOSITORY = f"{REPOSITORIES}/{{kind:{'|'.join(KINDS_BY_SEGMENT)}}}/{{owner}}/{{name}}"
"""Template of one repository."""


@dataclass(frozen=True, slots=True)
class Context:
    """The services the gateway calls, and the questions every route asks them."""

    services: Services

    async def caller(self, request: Request) -> Principal:
        """Who is calling; :class:`InvalidCredentials` for a wrong token."""
        return await principal(request, self.services.accounts)

    async def opened(self, request: Request, action: Action = Action.READ) -> tuple[Principal, Repository]:
        """The caller, and the repository the path names if the caller may do ``action`` to it."""
        caller, params = await self.caller(request), request.path_params
        kind = KINDS_BY_SEGMENT[params["kind"]]
        return caller, await self.services.repositories.open(caller, kind, params["owner"], params["name"], action)

    async def readable(self, request: Request) -> Repository:
        """The repository the path names, if the caller may read its files."""
        caller, repository = await self.opened(request, Action.READ)
        await self.services.repositories.check_files(caller, repository)
        return repository


def endpoint(
    method: str, template: str, handler: Callable[[Request], Awaitable[Response]], summary: str, **more: Any
) -> Route:
    """A route of this API. The handler's name is the operation's everywhere: OpenAPI, SDK, command."""
    return Route(
        method=method,
        template=template,
        handler=handler,
        summary=summary,
        tag="native",
        render_error=render_error,
        **more,
    )


def page(request: Request, items: Sequence[Any], cursor: str | None) -> Response:
    """A part of a list; ``Link`` leads to the next part."""
    return json_response(wire.Page(list(items), cursor), headers=next_link(request, cursor))
