"""The OpenAPI 3.1 document that follows from the route table."""

import re
from collections.abc import Iterable, Mapping, Sequence
from inspect import getdoc
from typing import Any, TypeAlias

import msgspec

import commonground
from commonground.errors import (
    BadRequest,
    CommongroundError,
    CrossSiteRequest,
    DatabaseUnavailable,
    InvalidCredentials,
    NotReady,
    PayloadTooLarge,
)
from commonground.http.routing import Route

Json: TypeAlias = dict[str, Any]

PREFIX = "#/components/schemas/"
BINARY = "application/octet-stream"
ALWAYS: tuple[type[CommongroundError], ...] = (
    BadRequest,
    InvalidCredentials,
    CommongroundError,
    DatabaseUnavailable,
    NotReady,
)
"""What any documented endpoint may answer."""

_SEGMENT = re.compile(r"\{(?P<name>\w+)(?::(?P<words>[^}*]+))?\*?\}")


class ErrorBody(msgspec.Struct):
    """The answer to a failed request: text in the caller's language, and the stable code."""

    error: str
    code: str


def describe(routes: Iterable[Route]) -> Json:
    """The document of all routes that are not hidden. Routes that declare ``errors`` document every status they may
    answer; the others stand with their summary.
    """
    shown = _without_twins(route for route in routes if not route.hidden)
    schemas, components = _schemas(shown)
    names: dict[str, int] = {}
    paths: dict[str, Json] = {}
    for route in shown:
        operation = _operation(route, schemas, _unique(f"{route.tag}_{route.handler.__name__}", names))
        paths.setdefault(_path(route), {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Commonground",
            "version": commonground.__version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "tags": [{"name": tag} for tag in sorted({route.tag for route in shown if route.tag})],
        "security": [{}, {"token": []}],
        "components": {"schemas": components, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _without_twins(routes: Iterable[Route]) -> list[Route]:
    """Routes whose paths OpenAPI can tell apart: of two that differ in the words of a segment only, the first."""
    kept: dict[tuple[str, str], Route] = {}
    for route in routes:
        kept.setdefault((route.method, _path(route)), route)
    return list(kept.values())


def _path(route: Route) -> str:
    return _SEGMENT.sub(lambda match: f"{{{match['name']}}}", route.template)


def _unique(name: str, seen: dict[str, int]) -> str:
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else f"{name}_{seen[name]}"


def _schemas(routes: Sequence[Route]) -> tuple[Mapping[Any, Json], Json]:
    """The schema of every type that routes name, and the components these refer to."""
    types: list[Any] = [ErrorBody]
    for route in routes:
        types += [kind for kind in (route.body, route.result, route.query) if _is_typed(kind) and kind not in types]
    found, components = msgspec.json.schema_components(types, ref_template=PREFIX + "{name}")
    return dict(zip(types, found, strict=True)), components


def _is_typed(kind: Any) -> bool:
    return kind is not None and kind is not bytes and not isinstance(kind, tuple)


def _operation(route: Route, schemas: Mapping[Any, Json], name: str) -> Json:
    operation: Json = {
        "operationId": name,
        "summary": route.summary,
        "description": getdoc(route.handler) or "",
        "tags": [route.tag] if route.tag else [],
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": _responses(route, schemas),
    }
    if route.body is not None:
        content: Json = {BINARY: {}} if route.body is bytes else {"application/json": {"schema": schemas[route.body]}}
        operation["requestBody"] = {"content": content, "required": True}
    return operation


def _path_parameters(route: Route) -> list[Json]:
    return [
        {"name": match["name"], "in": "path", "required": True, "schema": _segment_schema(match["words"])}
        for match in _SEGMENT.finditer(route.template)
    ]


def _segment_schema(words: str | None) -> Json:
    return {"enum": words.split("|")} if words else {"type": "string", "minLength": 1}


def _query_parameters(route: Route) -> list[Json]:
    if isinstance(route.query, tuple):
        return [{"name": name, "in": "query", "schema": {"type": "string"}} for name in route.query]
    _, components = msgspec.json.schema_components([route.query], ref_template=PREFIX + "{name}")
    schema = components[route.query.__name__]
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": value.get("description", ""),
            "schema": _plain(value),
        }
        for name, value in schema["properties"].items()
    ]


def _plain(schema: Json) -> Json:
    """The schema of a query parameter: one that may be ``null`` is one that may be left out."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    base = choices[0] if len(choices) == 1 else schema
    return {key: value for key, value in base.items() if key != "description" and value is not None}


def _responses(route: Route, schemas: Mapping[Any, Json]) -> Json:
    success: Json = {"description": route.summary or "Success"}
    if route.result is not None:
        plain = route.result is bytes  # its type follows from the name of the file
        success["content"] = {"*/*": {}} if plain else {route.media_type: {"schema": schemas[route.result]}}
    if not route.errors:
        return {str(route.status): success, "default": {"description": "A failure, in the envelope of the protocol."}}
    answers = {str(route.status): success}
    if route.result is bytes:
        answers |= {"206": {**success, "description": "The bytes of the range"}, "304": {"description": "Not modified"}}
    return answers | _failures(route, schemas[ErrorBody])


def _failures(route: Route, schema: Json) -> Json:
    by_status: dict[int, list[str]] = {}
    changing = () if route.method == "GET" else (CrossSiteRequest,)
    too_large = () if route.body is None else (PayloadTooLarge,)
    for error in dict.fromkeys((*ALWAYS, *changing, *too_large, *route.errors)):
        by_status.setdefault(error.status, []).append(f"{error.code}: {' '.join((error.__doc__ or '').split())}")
    return {
        str(status): {"description": "\n\n".join(lines), "content": {"application/json": {"schema": schema}}}
        for status, lines in sorted(by_status.items())
    }
