"""What the API tells about a repository: one table of properties, and which of them an answer has."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import msgspec

from commonground.accounts.model import RepositoryKind
from commonground.errors import BadRequest
from commonground.gateways.huggingface.wire import moment
from commonground.hub.repositories.model import Repository


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A repository at one revision. ``siblings`` is the encoded list of its files, where it is asked for;
    ``modified_at`` is in UTC milliseconds.
    """

    repository: Repository
    sha: str | None
    modified_at: int
    siblings: Any = None


Property: TypeAlias = Callable[[Facts], Any]


def _card(name: str) -> Property:
    return lambda facts: facts.repository.card.get(name)


def _option(name: str) -> Property:
    return lambda facts: facts.repository.options.get(name)


_COMMON: dict[str, Property] = {
    "author": lambda f: f.repository.owner,
    "sha": lambda f: f.sha,
    "lastModified": lambda f: moment(f.modified_at),
    "createdAt": lambda f: moment(f.repository.created_at),
    "private": lambda f: f.repository.visibility == "private",
    "gated": lambda f: f.repository.gated or False,
    "disabled": lambda f: f.repository.disabled_reason is not None,
    "downloads": lambda f: f.repository.downloads,
    "downloadsAllTime": lambda f: f.repository.downloads_all_time,
    "likes": lambda f: f.repository.likes,
    "trendingScore": lambda f: f.repository.trending,
    "tags": lambda f: f.repository.tags,
    "cardData": lambda f: f.repository.card or None,
    "siblings": lambda f: f.siblings,
    "usedStorage": lambda f: f.repository.used_storage,
    "resourceGroup": lambda f: None,
}

_MODEL: dict[str, Property] = {
    "pipeline_tag": lambda f: f.repository.pipeline_tag,
    "library_name": lambda f: f.repository.library_name,
    "model-index": _card("model-index"),
    "widgetData": _card("widget"),
    "mask_token": _card("mask_token"),
    "config": lambda f: f.repository.config or None,
    "transformersInfo": lambda f: None,
    "safetensors": lambda f: _safetensors(f.repository.weights.get("safetensors") or {}),
    "gguf": lambda f: _gguf(f.repository.weights.get("gguf") or {}),
    "baseModels": lambda f: _base_models(f.repository.card),
    "spaces": lambda f: [],
    "childrenModelCount": lambda f: None,
    "evalResults": lambda f: None,
    "inference": lambda f: None,
    "inferenceProviderMapping": lambda f: None,
}

_DATASET: dict[str, Property] = {
    "description": lambda f: f.repository.description or None,
    "citation": _card("citation"),
    "paperswithcode_id": _card("paperswithcode_id"),
    "mainSize": lambda f: f.repository.used_storage,
}

_SPACE: dict[str, Property] = {
    "sdk": _option("sdk"),
    "models": lambda f: _names(f.repository.card.get("models")),
    "datasets": lambda f: _names(f.repository.card.get("datasets")),
    "region": _option("region"),
    "runtime": lambda f: None,
    "subdomain": lambda f: None,
    "host": lambda f: None,
}

PROPERTIES: dict[RepositoryKind, dict[str, Property]] = {
    "model": _COMMON | _MODEL,
    "dataset": _COMMON | _DATASET,
    "space": _COMMON | _SPACE,
    "kernel": _COMMON,
}

_RARE = {"downloadsAllTime", "trendingScore", "childrenModelCount", "resourceGroup"}
_HEAVY = {"siblings", "cardData", "config", "sha", "usedStorage", "gguf", "safetensors", "widgetData", "model-index",
          "transformersInfo", "baseModels", "spaces", "mainSize", "description", "citation"}  # fmt: skip

WHOLE = {kind: tuple(n for n in table if n not in _RARE) for kind, table in PROPERTIES.items()}
"""What an answer about one repository has."""

LISTED = {kind: tuple(n for n in table if n not in _HEAVY | _RARE) for kind, table in PROPERTIES.items()}
"""What a line of a list has."""

FULL = {kind: (*names, "sha", "siblings") for kind, names in LISTED.items()}
"""What ``full=true`` adds to a line of a list."""


def expanded(kind: RepositoryKind, names: Sequence[str]) -> tuple[str, ...]:
    """The properties ``expand`` asks for; :class:`BadRequest` for one that a repository of this kind lacks."""
    table = PROPERTIES[kind]
    unknown = [name for name in names if name not in table and name != "securityStatus"]
    if unknown:
        raise BadRequest(reason=f"expand must be one of {', '.join(sorted(table))}, not {unknown[0][:40]}")
    return tuple(names)


def describe(facts: Facts, names: Sequence[str]) -> dict[str, Any]:
    """``facts`` as the API writes them: the id and the named properties that have a value."""
    repository = facts.repository
    item: dict[str, Any] = {"_id": f"{repository.id:024x}", "id": repository.full_name}
    if repository.kind == "model":
        item["modelId"] = repository.full_name
    table = PROPERTIES[repository.kind]
    for name in names:
        value = table[name](facts) if name in table else None
        if value is not None:
            item[name] = value
    return item


def _base_models(card: dict[str, Any]) -> dict[str, Any] | None:
    names = _names(card.get("base_model"))
    if not names:
        return None
    return {"relation": card.get("base_model_relation", "finetune"), "models": [{"id": name} for name in names]}


def _safetensors(weights: dict[str, Any]) -> dict[str, Any] | None:
    if "parameters" not in weights:
        return None
    return {"parameters": weights["parameters"], "total": weights["total"]}


def _gguf(weights: dict[str, Any]) -> dict[str, Any] | None:
    if "total" not in weights:
        return None
    metadata = {name.rpartition(".")[2]: value for name, value in weights["metadata"].items()}
    return {**metadata, "total": weights["total"]}


def _names(value: Any) -> list[str] | None:
    if isinstance(value, str):
        return [value]
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else None
