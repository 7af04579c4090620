"""Croissant 1.0: that files can be fetched and checked, and that records lead to files and columns."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from commonground.operations.validation import json_schema
from commonground.operations.validation.model import Problem

CONFORMS = "http://mlcommons.org/croissant/"
_Text = Annotated[str, Meta(min_length=1)]
_At = {"id": "@id", "type": "@type"}
_FILES = frozenset({"cr:FileObject", "cr:FileSet", "sc:FileObject", "sc:FileSet"})
RECOMMENDED = ("citeAs", "datePublished", "license", "version", "description", "url")


class _Node(msgspec.Struct, rename=_At):
    id: _Text
    type: _Text


class _Document(
    msgspec.Struct,
    rename={"context": "@context", "type": "@type", "conforms_to": "conformsTo", "record_set": "recordSet"},
):
    context: dict[str, Any]
    type: _Text
    conforms_to: list[str] | str
    name: _Text
    distribution: list[_Node] | UnsetType = UNSET
    record_set: list[_Node] | UnsetType = UNSET


_SCHEMA = msgspec.json.schema(_Document)
Nodes = list[tuple[str, Mapping[str, Any]]]


def check(value: dict[str, Any]) -> Iterator[Problem]:
    """What is wrong with a description."""
    yield from json_schema.check(value, _SCHEMA)
    conforms = value.get("conformsTo")
    named = conforms if isinstance(conforms, list) else [conforms]
    if not any(isinstance(item, str) and item.startswith(CONFORMS) for item in named):
        yield Problem("conformsTo", f"must name a version of Croissant: {CONFORMS}1.0")
    files = _nodes(value.get("distribution"), "distribution")
    records = _nodes(value.get("recordSet"), "recordSet")
    fields = [field for place, record in records for field in _fields(record, place)]
    yield from _identifiers([*files, *records, *fields])
    live = value.get("isLiveDataset") is True
    for place, file in files:
        yield from _file(file, place, live=live)
    known = {str(node.get("@id")) for _, node in [*files, *records, *fields]}
    for place, field in fields:
        yield from _field(field, place, known)


def recommendations(value: dict[str, Any]) -> Iterator[Problem]:
    """What is missed but may be missing."""
    yield from (Problem(name, "is recommended") for name in RECOMMENDED if not value.get(name))


def _nodes(value: Any, place: str) -> Nodes:
    items = value if isinstance(value, list) else []
    return [(f"{place}[{i}]", item) for i, item in enumerate(items) if isinstance(item, dict)]


def _fields(record: Mapping[str, Any], place: str) -> Nodes:
    found: Nodes = []
    for name in ("field", "subField"):
        for where, field in _nodes(record.get(name), f"{place}.{name}"):
            found += [(where, field), *_fields(field, where)]
    return found


def _identifiers(nodes: Nodes) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, node in nodes:
        identifier = node.get("@id")
        if isinstance(identifier, str):
            if identifier in seen:
                yield Problem(f"{place}.@id", f"{identifier!r} is used more than once")
            seen.add(identifier)


def _file(file: Mapping[str, Any], place: str, *, live: bool) -> Iterator[Problem]:
    if file.get("@type") not in _FILES:
        yield Problem(f"{place}.@type", "must be cr:FileObject or cr:FileSet")
        return
    if not file.get("encodingFormat"):
        yield Problem(f"{place}.encodingFormat", "is required")
    if str(file["@type"]).endswith("FileSet"):
        if not file.get("includes"):
            yield Problem(f"{place}.includes", "is required")
        return
    if file.get("containedIn"):
        return
    if not file.get("contentUrl"):
        yield Problem(f"{place}.contentUrl", "is required")
    if not live and not (file.get("sha256") or file.get("md5")):
        yield Problem(f"{place}.sha256", "is required, or md5")


def _field(field: Mapping[str, Any], place: str, known: set[str]) -> Iterator[Problem]:
    if not field.get("@id"):
        yield Problem(f"{place}.@id", "is required")
    source = field.get("source")
    if not isinstance(source, dict):
        if not field.get("dataType") and not field.get("subField"):
            yield Problem(f"{place}.dataType", "is required")
        return
    origins = [source[name] for name in ("fileObject", "fileSet", "recordSet", "field") if name in source]
    if len(origins) != 1:
        yield Problem(f"{place}.source", "must name one fileObject, fileSet, recordSet or field")
    for origin in origins:
        identifier = origin.get("@id") if isinstance(origin, dict) else origin
        if identifier not in known if isinstance(identifier, str) else True:
            yield Problem(f"{place}.source", f"there is nothing called {identifier!r}")
    if not field.get("dataType") and not field.get("subField") and "field" not in source:
        yield Problem(f"{place}.dataType", "is required")
