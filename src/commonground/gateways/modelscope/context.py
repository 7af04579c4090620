"""What every route of the gateway uses: the services, who is calling, which repository and which revision."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import KINDS_BY_SEGMENT, Principal
from commonground.accounts.permissions import Action
from commonground.errors import RevisionNotFound, Unauthenticated
from commonground.gateways.modelscope.errors import render_error
from commonground.http.identity import principal
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.services import Services

TOKEN_COOKIE = "m_session_id"
"""The cookie in which clients of this protocol send their access token."""

KIND = "{kind:models|datasets}"
LIST = f"/api/v1/{KIND}"
REPOSITORY = f"{LIST}/{{owner}}/{{name}}"
WRITING = f"/api/v1/repos/{KIND}/{{owner}}/{{name}}"
OPEN_LIST = f"/openapi/v1/{KIND}"
OPEN_REPOSITORY = f"{OPEN_LIST}/{{owner}}/{{name}}"

MASTER = "master"
"""What clients call the default branch, whatever its name."""


class Context:
    """The services the gateway calls, and what all routes ask of them."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.accounts = services.accounts
        self.repositories = services.repositories
        self.revisions = services.revisions

    async def caller(self, request: Request) -> Principal:
        """Who is calling: by token in ``Authorization`` or in the cookie."""
        return await principal(request, self.accounts, TOKEN_COOKIE)

    async def signed_in(self, request: Request) -> Principal:
        """Who is calling; :class:`Unauthenticated` for nobody."""
        caller = await self.caller(request)
        if caller.is_anonymous:
            raise Unauthenticated
        return caller

    async def opened(self, request: Request, action: Action = Action.READ) -> tuple[Principal, Repository]:
        """The caller and the repository the path names, if the caller may do ``action`` to it."""
        caller, params = await self.caller(request), request.path_params
        kind = KINDS_BY_SEGMENT[params["kind"]]
        return caller, await self.repositories.open(caller, kind, params["owner"], params["name"], action)

    async def files(self, request: Request) -> tuple[Principal, Repository]:
        """The caller and the repository the path names, if the caller may read its files."""
        caller, repository = await self.opened(request)
        await self.repositories.check_files(caller, repository)
        return caller, repository

    async def revision(self, repository: Repository, given: str) -> str:
        """The revision that is meant: nothing and, where no branch or tag has that name, ``master`` are the default
        branch.
        """
        if given == MASTER != repository.default_branch:
            try:
                await self.revisions.resolve(repository, MASTER)
            except RevisionNotFound:
                return repository.default_branch
        return given or repository.default_branch


def endpoint(
    method: str, template: str, handler: Callable[[Request], Awaitable[Response]], summary: str, **more: Any
) -> Route:
    """A route of this protocol."""
    return Route(
        method=method,
        template=template,
        handler=handler,
        summary=summary,
        tag="modelscope",
        render_error=render_error,
        **more,
    )
