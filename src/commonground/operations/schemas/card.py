"""The metadata of a card, version 1: the YAML block at the top of a README."""

from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from commonground.hub.cards.vocabulary import COLORS, LICENSES, SPACE_SDKS, SPECIAL_LANGUAGES

_LANGUAGE = rf"^(?:[a-z]{{2,3}}(?:[-_][A-Za-z0-9]{{2,8}})*|{'|'.join(sorted(SPECIAL_LANGUAGES))})$(?!\n)"

Licence = Annotated[str, Meta(extra_json_schema={"enum": list(LICENSES)}, description="A licence word.")]
Language = Annotated[str, Meta(pattern=_LANGUAGE, description='ISO 639 code, "multilingual" or "code".')]
Short = Annotated[str, Meta(max_length=200)]
Color = Annotated[str, Meta(extra_json_schema={"enum": list(COLORS)})]
Sdk = Annotated[str, Meta(extra_json_schema={"enum": list(SPACE_SDKS)})]
Given: TypeAlias = bool | int | float | str | list[Any] | dict[str, Any]
"""Anything but null."""

Shorts: TypeAlias = list[Short] | Short | None


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """What a result is about."""

    type: Given


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """The data a result was measured on."""

    type: Given
    name: Given


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One number of a result."""

    type: Given
    value: Given


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluation."""

    task: Typed
    metrics: list[Metric]
    dataset: Named | UnsetType = UNSET


class IndexedModel(msgspec.Struct, frozen=True, kw_only=True):
    """The evaluations of one model."""

    name: Given
    results: list[Result]


class CardMetadata(msgspec.Struct, frozen=True, kw_only=True, rename={
    "model_index": "model-index", "color_from": "colorFrom", "color_to": "colorTo",
}):  # fmt: skip
    """Metadata of a card of any kind; fields that are not listed may hold anything."""

    license: list[Licence] | Licence | None = None
    license_name: str | None = None
    license_link: str | None = None
    language: list[Language] | Language | None = None
    pipeline_tag: str | None = None
    library_name: str | None = None
    pretty_name: str | None = None
    title: str | None = None
    thumbnail: str | None = None
    tags: Shorts = None
    datasets: Shorts = None
    metrics: Shorts = None
    base_model: Shorts = None
    task_categories: Shorts = None
    task_ids: Shorts = None
    size_categories: Shorts = None
    source_datasets: Shorts = None
    language_creators: Shorts = None
    annotations_creators: Shorts = None
    multilinguality: Shorts = None
    model_index: list[IndexedModel] | None = None
    sdk: Sdk | UnsetType = UNSET
    color_from: Color | UnsetType = UNSET
    color_to: Color | UnsetType = UNSET
