"""Who is calling, and the repository a path names."""

from starlette.requests import Request

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.errors import RepositoryExists, RepositoryNotFound, Unauthenticated
from commonground.gateways.oci.names import RegistryName, check_name
from commonground.gateways.oci.tokens import Tokens
from commonground.hub.repositories.model import Repository
from commonground.services import Services


class Door:
    """Opens repositories for requests. What is private looks absent; who is anonymous is asked for credentials."""

    def __init__(self, services: Services, tokens: Tokens) -> None:
        self._repositories, self._tokens = services.repositories, tokens

    async def reader(self, request: Request) -> tuple[Principal, Repository]:
        """The caller and the repository whose files they may read."""
        caller, repository = await self._open(request, Action.READ)
        await self._repositories.check_files(caller, repository)
        return caller, repository

    async def writer(self, request: Request) -> tuple[Principal, Repository]:
        """The caller and the repository they may write to."""
        return await self._open(request, Action.WRITE)

    async def pusher(self, request: Request) -> tuple[Principal, Repository]:
        """Like :meth:`writer`; a repository that is not there yet is created, as registries do on the first push."""
        caller = await self._tokens.caller(request)
        named = _name(request)
        try:
            return caller, await self._find(caller, named, Action.WRITE)
        except RepositoryNotFound:
            try:
                return caller, await self._repositories.create(caller, named.kind, named.owner, named.name)
            except RepositoryExists:  # and the caller may not know of it
                raise RepositoryNotFound from None

    async def named(self, caller: Principal, named: RegistryName) -> Repository:
        """Another repository whose files the caller may read."""
        repository = await self._find(caller, named, Action.READ)
        await self._repositories.check_files(caller, repository)
        return repository

    async def _open(self, request: Request, action: Action) -> tuple[Principal, Repository]:
        caller = await self._tokens.caller(request)
        return caller, await self._find(caller, _name(request), action)

    async def _find(self, caller: Principal, named: RegistryName, action: Action) -> Repository:
        try:
            return await self._repositories.open(caller, named.kind, named.owner, named.name, action)
        except RepositoryNotFound:
            if caller.is_anonymous:
                raise Unauthenticated from None
            raise


def _name(request: Request) -> RegistryName:
    params = request.path_params
    return check_name(params.get("kind"), params["owner"], params["name"])
