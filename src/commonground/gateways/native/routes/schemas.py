"""The JSON Schemas of this project's own documents."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import RouteNotFound
from commonground.gateways.native.context import Context, endpoint
from commonground.http.identity import public_origin
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.operations.schemas.catalogue import schema


class SchemaRoutes:
    """Documents name the version they keep to; a version that was released never changes."""

    def __init__(self, context: Context) -> None:
        self._settings = context.services.settings

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        template = "/schemas/{name}/{version}.json"
        return [endpoint("GET", template, self.get_schema, "JSON Schema of a document", errors=(RouteNotFound,))]

    async def get_schema(self, request: Request) -> Response:
        """A schema (JSON Schema 2020-12): ``card`` or ``manifest``, version ``v1``."""
        params = request.path_params
        found = schema(params["name"], params["version"], public_origin(request, self._settings))
        if found is None:
            raise RouteNotFound(path=request.url.path)
        return json_response(found, headers={"Cache-Control": "public, max-age=3600"})
