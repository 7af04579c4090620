"""The gateway: all routes of the protocol over the services of the hub."""

from typing import Protocol

from commonground.gateways.modelscope.context import Context
from commonground.gateways.modelscope.routes.accounts import AccountRoutes
from commonground.gateways.modelscope.routes.files import FileRoutes
from commonground.gateways.modelscope.routes.repositories import RepositoryRoutes
from commonground.gateways.modelscope.routes.revisions import RevisionRoutes
from commonground.gateways.modelscope.routes.uploads import UploadRoutes
from commonground.gateways.modelscope.snippets import snippets
from commonground.http.gateway import Snippet, Use
from commonground.http.routing import Route
from commonground.services import Services


class Area(Protocol):
    """A group of endpoints."""

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        ...


class ModelScopeGateway:
    """Answers the clients of the ModelScope hub."""

    def __init__(self, services: Services) -> None:
        self._context = Context(services)

    def routes(self) -> list[Route]:
        """Every endpoint."""
        areas: list[Area] = [
            AccountRoutes(self._context),
            RepositoryRoutes(self._context),
            FileRoutes(self._context),
            UploadRoutes(self._context),
            RevisionRoutes(self._context),
        ]
        return [route for area in areas for route in area.routes()]

    def snippets(self, use: Use) -> list[Snippet]:
        """A snapshot of a model, the rows of a data set."""
        return snippets(use)
