"""JSON Schema, as much of it as the schemas of this project use: every problem with its place."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from commonground.operations.validation.model import Problem

Schema = Mapping[str, Any]
DEPTH = 100
SHOWN = 80

_NAMES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def check(value: Any, schema: Schema) -> Iterator[Problem]:
    """Where ``value`` (as decoded from JSON) does not fit a schema made by msgspec."""
    yield from _Checker(schema).check(value, schema, "", 0)


class _Checker:
    def __init__(self, root: Schema) -> None:
        self._definitions: Mapping[str, Any] = root.get("$defs", {})

    def check(self, value: Any, schema: Schema, place: str, depth: int) -> Iterator[Problem]:
        if depth > DEPTH:
            yield Problem(place, "it is nested too deep")
            return
        if "$ref" in schema:
            schema = self._definitions[schema["$ref"].rpartition("/")[2]]
        if "anyOf" in schema:
            yield from self._any(value, schema["anyOf"], place, depth)
            return
        if "type" in schema and not _is(value, schema["type"]):
            yield Problem(place, f"must be {_article(schema['type'])}, not {_kind(value)}")
            return
        yield from _scalar(value, schema, place)
        if isinstance(value, list):
            for i, item in enumerate(value):
                yield from self.check(item, schema.get("items", {}), f"{place}[{i}]", depth + 1)
        elif isinstance(value, dict):
            yield from self._object(value, schema, place, depth)

    def _any(self, value: Any, choices: list[Schema], place: str, depth: int) -> Iterator[Problem]:
        """The problems of the choice that comes closest: one of the value's own type."""
        best: list[Problem] | None = None
        for choice in choices:
            found = list(self.check(value, choice, place, depth + 1))
            if not found:
                return
            closer = best is None or _fits(value, self._resolved(choice))
            best = found if closer else best
        if best and not any(_fits(value, self._resolved(choice)) for choice in choices):
            kinds = " or ".join(_article(_type(self._resolved(choice)) or "value") for choice in choices)
            best = [Problem(place, f"must be {kinds}, not {_kind(value)}")]
        yield from best or ()

    def _resolved(self, schema: Schema) -> Schema:
        return self._definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    def _object(self, value: Mapping[str, Any], schema: Schema, place: str, depth: int) -> Iterator[Problem]:
        properties = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in value:
                yield Problem(_below(place, name), "is required")
        more = schema.get("additionalProperties", {})
        for name, item in value.items():
            if name in properties:
                yield from self.check(item, properties[name], _below(place, name), depth + 1)
            elif more is False:
                yield Problem(_below(place, name), "is not known here")
            elif isinstance(more, dict):
                yield from self.check(item, more, _below(place, name), depth + 1)


def _scalar(value: Any, schema: Schema, place: str) -> Iterator[Problem]:
    if "enum" in schema and not any(value == item and type(value) is type(item) for item in schema["enum"]):
        yield Problem(place, f"must be one of {', '.join(map(str, schema['enum']))}"[:2000])
    if isinstance(value, str):
        if "pattern" in schema and _compiled(schema["pattern"]).search(value) is None:
            yield Problem(place, f"{value[:SHOWN]!r} does not have the form {schema['pattern']}")
        if len(value) < schema.get("minLength", 0):
            yield Problem(place, "must not be empty" if schema["minLength"] == 1 else "is too short")
        if len(value) > schema.get("maxLength", len(value)):
            yield Problem(place, f"is longer than {schema['maxLength']} characters")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value < schema.get("minimum", value):
            yield Problem(place, f"must be at least {schema['minimum']}")
        if value > schema.get("maximum", value):
            yield Problem(place, f"must be at most {schema['maximum']}")


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _is(value: Any, kind: str) -> bool:
    if kind == "integer":
        return (isinstance(value, int) and not isinstance(value, bool)) or (
            isinstance(value, float) and value.is_integer()
        )
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, _NAMES[kind])


def _fits(value: Any, schema: Schema) -> bool:
    return _is(value, _type(schema)) if _type(schema) else False


def _type(schema: Schema) -> str:
    """The type of a schema; an enumeration without one is of texts."""
    found: str = schema.get("type", "string" if "enum" in schema else "")
    return found


def _kind(value: Any) -> str:
    names = [*_NAMES, "integer", "number"]
    return "null" if value is None else _article(next(name for name in names if _is(value, name)))


def _article(kind: str) -> str:
    return kind if kind == "null" else f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
