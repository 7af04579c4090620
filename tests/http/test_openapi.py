"""The OpenAPI document: valid, complete, and true to the route table."""

from typing import Any

import msgspec
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import RepositoryNotFound
from commonground.http.openapi import describe
from commonground.http.routing import Route


class Query(msgspec.Struct):
    word: str
    limit: int = 10
    tag: tuple[str, ...] = ()
    cursor: str | None = None


class Answer(msgspec.Struct):
    text: str


async def handler(request: Request) -> Response:
    """What it does."""
    return Response()


def route(method: str = "GET", template: str = "/x", **more: Any) -> Route:
    return Route(method=method, template=template, handler=handler, tag="test", **more)


def operation(described: dict[str, Any], path: str = "/x", method: str = "get") -> Any:
    return described["paths"][path][method]


def parameters(found: Any) -> dict[str, Any]:
    return {parameter["name"]: parameter for parameter in found["parameters"]}


def test_the_document_of_many_routes_is_valid() -> None:
    routes = [
        route("GET", "/{kind:a|b}/{name}/{path*}", query=Query, result=Answer, errors=(RepositoryNotFound,)),
        route("PUT", "/{name}/x.git", body=bytes, result=list[Answer], status=201),
        route("POST", "/x", body=Answer),
        route("GET", "/events", result=str, media_type="text/event-stream"),
    ]
    OpenAPIV31SpecValidator(msgspec.json.decode(msgspec.json.encode(describe(routes)))).validate()


def test_hidden_routes_are_left_out() -> None:
    assert describe([route(hidden=True)])["paths"] == {}


def test_a_path_parameter_of_words_is_an_enumeration() -> None:
    found = operation(describe([route(template="/{kind:a|b}")]), "/{kind}")
    assert parameters(found)["kind"] == {"name": "kind", "in": "path", "required": True, "schema": {"enum": ["a", "b"]}}


def test_a_tail_is_a_plain_parameter() -> None:
    found = operation(describe([route(template="/{path*}")]), "/{path}")
    assert parameters(found)["path"]["required"]


def test_a_query_struct_becomes_typed_parameters() -> None:
    found = parameters(operation(describe([route(query=Query)])))
    assert found["word"]["required"]
    assert not found["limit"]["required"]
    assert found["limit"]["schema"] == {"type": "integer", "default": 10}
    assert found["tag"]["schema"]["type"] == "array"
    assert found["cursor"]["schema"] == {"type": "string"}  # left out rather than null


def test_query_names_become_text_parameters() -> None:
    assert parameters(operation(describe([route(query=("a",))])))["a"]["schema"] == {"type": "string"}


def test_types_become_components() -> None:
    described = describe([route("POST", body=Answer, result=Answer)])
    assert described["components"]["schemas"]["Answer"]["properties"] == {"text": {"type": "string"}}
    body = operation(described, method="post")["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/Answer"}


def test_plain_content_is_binary_and_may_come_in_ranges() -> None:
    answers = operation(describe([route(result=bytes, errors=(RepositoryNotFound,))]))["responses"]
    assert answers["200"]["content"] == {"*/*": {}}
    assert {"206", "304"} <= set(answers)


def test_errors_are_listed_by_status_with_their_codes() -> None:
    answers = operation(describe([route(errors=(RepositoryNotFound,))]))["responses"]
    assert "CG-1201" in answers["404"]["description"]
    assert answers["404"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ErrorBody"}
    assert {"400", "401", "500", "503"} <= set(answers)
    assert "403" not in answers


def test_what_changes_something_may_be_refused_as_cross_site() -> None:
    answers = operation(describe([route("POST", errors=(RepositoryNotFound,))]), method="post")["responses"]
    assert "CG-1007" in answers["403"]["description"]


def test_routes_without_declared_errors_say_that_they_may_fail() -> None:
    assert "default" in operation(describe([route()]))["responses"]


def test_operations_have_names_of_their_own() -> None:
    described = describe([route(), route(template="/y")])
    names = {operation(described, path)["operationId"] for path in ("/x", "/y")}
    assert names == {"test_handler", "test_handler_2"}


def test_of_two_routes_with_one_shape_the_first_is_shown() -> None:
    described = describe(
        [route(template="/{kind:a|b}", summary="first"), route(template="/{kind:c}", summary="second")]
    )
    assert operation(described, "/{kind}")["summary"] == "first"
