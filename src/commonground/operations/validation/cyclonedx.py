"""CycloneDX 1.6 in JSON: the parts that most documents have, and that what is referred to is there."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from commonground.operations.validation import json_schema
from commonground.operations.validation.model import Problem

_Text = Annotated[str, Meta(min_length=1)]
_ComponentType = Literal["application", "framework", "library", "container", "platform", "operating-system", "device",
                         "device-driver", "firmware", "file", "machine-learning-model", "data",
                         "cryptographic-asset"]  # fmt: skip
_Algorithm = Literal["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512", "SHA3-256", "SHA3-384", "SHA3-512",
                     "BLAKE2b-256", "BLAKE2b-384", "BLAKE2b-512", "BLAKE3"]  # fmt: skip
_COMPONENT = frozenset({
    "type", "mime-type", "bom-ref", "supplier", "manufacturer", "authors", "author", "publisher", "group", "name",
    "version", "description", "scope", "hashes", "licenses", "copyright", "cpe", "purl", "omniborId", "swhid", "swid",
    "modified", "pedigree", "externalReferences", "components", "evidence", "releaseNotes", "modelCard", "data",
    "cryptoProperties", "properties", "tags", "signature",
})  # fmt: skip
_DOCUMENT = frozenset({
    "$schema", "bomFormat", "specVersion", "serialNumber", "version", "metadata", "components", "services",
    "externalReferences", "dependencies", "compositions", "vulnerabilities", "annotations", "formulation",
    "declarations", "definitions", "properties", "signature",
})  # fmt: skip
_KEBAB = {"bom_ref": "bom-ref"}


class _Hash(msgspec.Struct, forbid_unknown_fields=True):
    alg: _Algorithm
    content: Annotated[
        str, Meta(pattern=r"^([a-fA-F0-9]{32}|[a-fA-F0-9]{40}|[a-fA-F0-9]{64}|[a-fA-F0-9]{96}|[a-fA-F0-9]{128})$(?!\n)")
    ]


class _Reference(msgspec.Struct):
    url: str
    type: _Text


class _Property(msgspec.Struct, forbid_unknown_fields=True):
    name: str | UnsetType = UNSET
    value: str | UnsetType = UNSET


class _Component(msgspec.Struct, rename=_KEBAB):
    type: _ComponentType
    name: str
    bom_ref: _Text | UnsetType = UNSET
    version: Annotated[str, Meta(max_length=1024)] | UnsetType = UNSET
    group: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    purl: str | UnsetType = UNSET
    scope: Literal["required", "optional", "excluded"] | UnsetType = UNSET
    hashes: list[_Hash] | UnsetType = UNSET
    licenses: list[dict[str, Any]] | UnsetType = UNSET
    external_references: list[_Reference] | UnsetType = msgspec.field(default=UNSET, name="externalReferences")
    components: "list[_Component] | UnsetType" = UNSET
    properties: list[_Property] | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    model_card: dict[str, Any] | UnsetType = msgspec.field(default=UNSET, name="modelCard")


class _Metadata(msgspec.Struct):
    timestamp: str | UnsetType = UNSET
    component: _Component | UnsetType = UNSET


class _Dependency(msgspec.Struct, forbid_unknown_fields=True, rename={"depends_on": "dependsOn"}):
    ref: _Text
    depends_on: list[_Text] | UnsetType = UNSET
    provides: list[_Text] | UnsetType = UNSET


class _Document(msgspec.Struct, rename="camel"):
    bom_format: Literal["CycloneDX"]
    spec_version: Literal["1.6"]
    serial_number: (
        Annotated[str, Meta(pattern=r"^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$(?!\n)")]
        | UnsetType
    ) = UNSET
    version: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    metadata: _Metadata | UnsetType = UNSET
    components: list[_Component] | UnsetType = UNSET
    dependencies: list[_Dependency] | UnsetType = UNSET


_SCHEMA = msgspec.json.schema(_Document)


def check(value: dict[str, Any]) -> Iterator[Problem]:
    """What is wrong with a document."""
    yield from json_schema.check(value, _SCHEMA)
    yield from (Problem(name, "is not known here") for name in value if name not in _DOCUMENT)
    components = list(_components(value))
    for place, component in components:
        yield from (Problem(f"{place}.{name}", "is not known here") for name in component if name not in _COMPONENT)
        if "modelCard" in component and component.get("type") != "machine-learning-model":
            yield Problem(f"{place}.modelCard", "belongs to components of the type machine-learning-model")
        yield from _licences(component.get("licenses"), f"{place}.licenses")
    yield from _references(value, components)


def _components(value: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every component with its place, those inside others too."""
    metadata = value.get("metadata")
    waiting: list[tuple[str, Any]] = []
    if isinstance(metadata, dict):
        waiting.append(("metadata.component", metadata.get("component")))
    waiting += _items(value.get("components"), "components")
    while waiting:
        place, component = waiting.pop(0)
        if isinstance(component, dict):
            yield place, component
            waiting += _items(component.get("components"), f"{place}.components")
            pedigree = component.get("pedigree")
            if isinstance(pedigree, dict):
                waiting += _items(pedigree.get("ancestors"), f"{place}.pedigree.ancestors")


def _items(value: Any, place: str) -> list[tuple[str, Any]]:
    return [(f"{place}[{i}]", item) for i, item in enumerate(value)] if isinstance(value, list) else []


def _licences(value: Any, place: str) -> Iterator[Problem]:
    """Licences by id or name, or one expression."""
    items = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
    for i, item in enumerate(items):
        licence = item.get("license")
        if "expression" in item:
            if len(items) > 1:
                yield Problem(f"{place}[{i}]", "an expression must stand alone")
        elif not isinstance(licence, dict):
            yield Problem(f"{place}[{i}]", "must have a license or an expression")
        elif ("id" in licence) == ("name" in licence):
            yield Problem(f"{place}[{i}].license", "must have either an id or a name")


def _references(value: dict[str, Any], components: list[tuple[str, dict[str, Any]]]) -> Iterator[Problem]:
    given = [(place, ref) for place, component in components if isinstance(ref := component.get("bom-ref"), str)]
    count = Counter(ref for _, ref in given)
    yield from (
        Problem(f"{place}.bom-ref", f"{ref!r} is used more than once") for place, ref in given if count[ref] > 1
    )
    if "services" in value:
        return  # services have references, too
    for place, dependency in _items(value.get("dependencies"), "dependencies"):
        if not isinstance(dependency, dict):
            continue
        for name, ref in [("ref", dependency.get("ref")), *_items(dependency.get("dependsOn"), "dependsOn")]:
            if isinstance(ref, str) and ref not in count:
                yield Problem(f"{place}.{name}", f"there is no component {ref!r}")
