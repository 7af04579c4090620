"""The routes of the Kaggle gateway."""

from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import NotSupported
from commonground.gateways.kaggle.blobs import BlobCalls
from commonground.gateways.kaggle.context import Context, call
from commonground.gateways.kaggle.datasets import DatasetCalls
from commonground.gateways.kaggle.downloads import Downloads
from commonground.gateways.kaggle.models import ModelCalls
from commonground.gateways.kaggle.snippets import snippets
from commonground.gateways.kaggle.wire import Hello
from commonground.http.gateway import Snippet, Use
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.services import Services

_SERVICES = (
    "{service:api.v1.DiagnosticsService|blobs.BlobApiService|competitions.CompetitionApiService|"
    "datasets.DatasetApiService|kernels.KernelsApiService|models.ModelApiService|security.OAuthService}"
)


class _Area(Protocol):
    def routes(self) -> list[Route]: ...


class KaggleGateway:
    """Serves ``kagglehub``: models and data sets, down and up."""

    def __init__(self, services: Services) -> None:
        self._context = context = Context(services)
        self._areas: list[_Area] = [BlobCalls(context), ModelCalls(context), DatasetCalls(context), Downloads(context)]

    def routes(self) -> list[Route]:
        """Every endpoint."""
        hello = call("api.v1.DiagnosticsService", "Hello", self.hello, "Whose credentials these are", result=Hello)
        other = call(_SERVICES, "{method}", self.other, "A call that is not offered", hidden=True)
        return [*(route for area in self._areas for route in area.routes()), hello, other]

    def snippets(self, use: Use) -> list[Snippet]:
        """How to fetch a model or a data set with ``kagglehub``."""
        return snippets(use)

    async def hello(self, request: Request) -> Response:
        """The name of the caller; :class:`Unauthenticated` for nobody."""
        caller = await self._context.member(request)
        return json_response(Hello(user_name=caller.name))

    async def other(self, request: Request) -> Response:
        """Refuse, in the client's own form: notebooks, competitions, signing."""
        raise NotSupported(feature=f"{request.path_params['service']}/{request.path_params['method']}"[:200])
