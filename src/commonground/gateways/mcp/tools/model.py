"""What a tool is, and the arguments that many have."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from commonground.accounts.model import Principal, RepositoryKind
from commonground.accounts.permissions import Action
from commonground.errors import InvalidName
from commonground.hub.repositories.model import Repository
from commonground.services import Services


def says(text: str, **bounds: Any) -> msgspec.Meta:
    """The description of an argument or result, with its bounds."""
    return msgspec.Meta(description=text, **bounds)


Name = Annotated[str, msgspec.Meta(max_length=500)]
Path = Annotated[str, msgspec.Meta(max_length=4096)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class InRepository(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of a tool that looks into one repository."""

    repository: Annotated[str, says("owner/name", max_length=200)]
    kind: Annotated[RepositoryKind, says("what the repository holds")] = "model"


class AtRevision(InRepository, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of a tool that looks into one revision."""

    revision: Annotated[Name | None, says("branch, tag or commit; default: the default branch")] = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and under which address they see this server."""

    services: Services
    principal: Principal
    origin: str

    async def open(self, asked: InRepository, action: Action = Action.READ) -> Repository:
        """The repository, if the caller may do ``action`` to it; a private one looks absent to others."""
        owner, _, name = asked.repository.partition("/")
        if not owner or not name or "/" in name:
            raise InvalidName(name=asked.repository[:100], reason="it is written owner/name")
        return await self.services.repositories.open(self.principal, asked.kind, owner, name, action)

    async def open_files(self, asked: InRepository) -> Repository:
        """The repository, if the caller may read its files: a gated one asks for more."""
        repository = await self.open(asked)
        await self.services.repositories.check_files(self.principal, repository)
        return repository


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """Something to call: ``call(caller, arguments)``, with ``arguments`` a ``takes``, answers a ``gives``.

    ``text`` is what an assistant reads of the answer; without it, the JSON itself. No tool changes anything.
    """

    name: str
    title: str
    description: str
    takes: type[msgspec.Struct]
    gives: type[msgspec.Struct]
    call: Callable[[Caller, Any], Awaitable[Any]]
    text: Callable[[Any], str] | None = None
