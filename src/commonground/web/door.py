"""How every page of a repository begins: find it, ask for the permission, know what else the visitor may do."""

from collections.abc import Iterator

import msgspec
from starlette.requests import Request

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.errors import Forbidden, RepositoryDisabled, Unauthenticated
from commonground.hub.repositories.model import Repository
from commonground.hub.repositories.service import Repositories
from commonground.web.links import KIND_OF_PREFIX
from commonground.web.site import Site

_PREFIXES = ("", "/{prefix:datasets|spaces|kernels}")


def templates(tail: str = "") -> Iterator[str]:
    """The path templates of a page of a repository, of a model and of the other kinds."""
    return (f"{prefix}/{{owner}}/{{name}}{tail}" for prefix in _PREFIXES)


class Opened(msgspec.Struct, frozen=True):
    """A repository a visitor may see, and whether they may read its files, write to it and manage it."""

    repository: Repository
    principal: Principal
    readable: bool
    writable: bool
    manageable: bool


class Door:
    """Opens repositories for pages."""

    def __init__(self, site: Site, repositories: Repositories) -> None:
        self._site, self._repositories = site, repositories

    async def open(self, request: Request, action: Action = Action.READ) -> Opened:
        """The repository of the address. Raises what :meth:`Repositories.open` raises."""
        principal = (await self._site.visit(request)).principal
        params = request.path_params
        name = (KIND_OF_PREFIX[params.get("prefix", "")], params["owner"], params["name"])
        repository = await self._repositories.open(principal, *name, action)
        known = not principal.is_anonymous
        return Opened(
            repository,
            principal,
            readable=repository.visibility != "protected" or await self._may(principal, repository, Action.READ),
            writable=known and await self._may(principal, repository, Action.WRITE),
            manageable=known and await self._may(principal, repository, Action.MANAGE),
        )

    async def open_files(self, request: Request) -> Opened:
        """Like :meth:`open`, for the content of files: :class:`GatedRepository` where access has to be asked for."""
        opened = await self.open(request)
        await self._repositories.check_files(opened.principal, opened.repository)
        return opened

    async def _may(self, principal: Principal, repository: Repository, action: Action) -> bool:
        try:
            await self._repositories.open(principal, repository.kind, repository.owner, repository.name, action)
        except (Forbidden, RepositoryDisabled, Unauthenticated):
            return False
        return True
