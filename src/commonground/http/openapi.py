"""The OpenAPI 3.1 document, made from the route table."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

import commonground
from commonground.http.routing import Route

_PARAMETER = re.compile(r"\{(?P<name>\w+)(?::(?P<words>[^}*]+))?\*?\}")


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """The document of all routes that are not hidden."""
    shown = [route for route in routes if not route.hidden]
    bodies = list(dict.fromkeys(route.body for route in shown if route.body is not None))
    schemas, components = msgspec.json.schema_components(bodies, ref_template="#/components/schemas/{name}")
    by_type = dict(zip(bodies, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in shown:
        path = _PARAMETER.sub(r"{\g<name>}", route.template)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Commonground", "version": commonground.__version__},
        "paths": paths,
        "components": {
            "schemas": {**components, "Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


_ERROR = {
    "type": "object",
    "required": ["error", "code"],
    "properties": {"error": {"type": "string"}, "code": {"type": "string", "pattern": "^CG-[0-9]{4}$"}},
}


def _operation(route: Route, schemas: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [*_path_parameters(route.template), *_query_parameters(route.query)],
        "responses": {
            "2XX": {"description": "Success"},
            "default": {
                "description": "Failure",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }
    if route.body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": schemas[route.body]}}}
    return operation


def _path_parameters(template: str) -> list[dict[str, Any]]:
    return [
        {
            "name": match["name"],
            "in": "path",
            "required": True,
            "schema": {"type": "string", **({"enum": match["words"].split("|")} if match["words"] else {})},
        }
        for match in _PARAMETER.finditer(template)
    ]


def _query_parameters(names: Sequence[str]) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in names]
