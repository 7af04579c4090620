"""What the server and its pages ask of a protocol."""

from typing import Literal, Protocol

import msgspec

from commonground.accounts.model import SEGMENTS
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.services import Services


class Snippet(msgspec.Struct, frozen=True):
    """A piece of code to paste, under the name of the tool it is for."""

    title: str
    language: Literal["python", "bash", "yaml", "json"]
    code: str


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A repository to be used: ``origin`` is the hub's address without a slash at the end, ``paths`` the files and
    folders at the root of the default branch.
    """

    repository: Repository
    origin: str
    paths: frozenset[str] = frozenset()

    @property
    def address(self) -> str:
        """The address of the repository's page, and its git remote."""
        prefix = "" if self.repository.kind == "model" else f"/{SEGMENTS[self.repository.kind]}"
        return f"{self.origin}{prefix}/{self.repository.full_name}"


class Gateway(Protocol):
    """One protocol over the services of the hub."""

    def routes(self) -> list[Route]:
        """Every endpoint."""
        ...

    def snippets(self, use: Use) -> list[Snippet]:
        """How to use a repository through this protocol, the most usual way first; nothing where it does not fit."""
        ...


class GatewayKind(Protocol):
    """A class of gateways: what an entry point of the group ``commonground.gateways`` names."""

    def __call__(self, services: Services) -> Gateway:
        """The gateway over these services."""
        ...
