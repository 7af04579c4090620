"""The gateway: all routes of the protocol over the services of the hub."""

from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import RouteNotFound
from commonground.gateways.mlflow.context import API, NEWER_API, Context, endpoint
from commonground.gateways.mlflow.routes.artifacts import ArtifactRoutes
from commonground.gateways.mlflow.routes.experiments import ExperimentRoutes
from commonground.gateways.mlflow.routes.logged_models import LoggedModelRoutes
from commonground.gateways.mlflow.routes.model_versions import ModelVersionRoutes
from commonground.gateways.mlflow.routes.registered_models import RegisteredModelRoutes
from commonground.gateways.mlflow.routes.runs import RunRoutes
from commonground.gateways.mlflow.snippets import snippets
from commonground.http.addresses import raw_path
from commonground.http.gateway import Snippet, Use
from commonground.http.routing import Route
from commonground.services import Services

METHODS = ("GET", "POST", "PATCH", "DELETE")


class Area(Protocol):
    """A group of endpoints."""

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        ...


class MlflowGateway:
    """Answers the `mlflow` client: tracking, artifacts, the model registry."""

    def __init__(self, services: Services) -> None:
        self._context = Context(services)

    def routes(self) -> list[Route]:
        """Every endpoint, and a refusal in the protocol's form for those that are not offered."""
        areas: list[Area] = [
            ExperimentRoutes(self._context),
            RunRoutes(self._context),
            LoggedModelRoutes(self._context),
            ArtifactRoutes(self._context),
            RegisteredModelRoutes(self._context),
            ModelVersionRoutes(self._context),
        ]
        others = [
            endpoint(method, f"{root}/{{path*}}", self.refuse, "Not offered", hidden=True)
            for root in (API, NEWER_API)
            for method in METHODS
        ]
        return [route for area in areas for route in area.routes()] + others

    async def refuse(self, request: Request) -> Response:
        """Say that there is no such endpoint; the client then goes without it."""
        raise RouteNotFound(path=raw_path(request))

    def snippets(self, use: Use) -> list[Snippet]:
        """Loading a model."""
        return snippets(use)
