"""Addresses of no repository: the client must learn whether the repository or the endpoint is what is missing."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import KINDS_BY_SEGMENT
from commonground.accounts.permissions import Action
from commonground.errors import RepositoryNotFound, RouteNotFound
from commonground.gateways.huggingface.context import Context, endpoint
from commonground.http.routing import Route

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class FallbackRoutes:
    """What no other route answers. Names without an owner are never repositories here."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        api, file = "/api/{kind:models|datasets|spaces|kernels}/{rest*}", "/{name}/{verb:resolve|raw}/{rest*}"
        return [
            *(endpoint(method, api, self.api, "No such endpoint", hidden=True) for method in _METHODS),
            endpoint("GET", file, self.file, "No such repository", hidden=True),
        ]

    async def api(self, request: Request) -> Response:
        """Repository or endpoint not found."""
        caller = await self._context.caller(request)
        owner, _, rest = request.path_params["rest"].partition("/")
        name = rest.partition("/")[0]
        if not name:
            raise RepositoryNotFound
        kind = KINDS_BY_SEGMENT[request.path_params["kind"]]
        await self._context.repositories.open(caller, kind, owner, name, Action.READ_METADATA)
        raise RouteNotFound(path=request.scope["path"])

    async def file(self, request: Request) -> Response:
        """Repository not found."""
        await self._context.caller(request)
        raise RepositoryNotFound
