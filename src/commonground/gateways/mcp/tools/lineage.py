"""What a repository was made from and what was made from it, as far as cards say so."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from commonground.accounts.model import RepositoryKind
from commonground.accounts.permissions import Action
from commonground.errors import CommongroundError
from commonground.gateways.mcp.addresses import uri_of
from commonground.gateways.mcp.tools.model import Caller, InRepository, Tool, says
from commonground.hub.repositories.model import Repository
from commonground.hub.search.model import SearchQuery

LIMIT = 50
_RELATIONS = ("adapter", "finetune", "merge", "quantized")


class Relative(msgspec.Struct, frozen=True, kw_only=True):
    """A repository a card names, or whose card names this one."""

    repository: str
    kind: RepositoryKind
    uri: Annotated[str | None, says("resource of its card; null where this hub has none that you may know of")]


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """Relations declared by the authors of cards. The hub has not verified them."""

    source: Annotated[Literal["cards"], says("where this is from: what authors wrote, not what was recorded")] = "cards"
    relation: Annotated[str | None, says("how it was made from its base models, where the card says so")]
    base_models: list[Relative]
    datasets: Annotated[list[Relative], says("what it was trained on")]
    used_by: Annotated[list[Relative], says("models whose cards name this repository as base model or data set")]
    complete: Annotated[bool, says(f"false where a list was cut at {LIMIT}")]


def tools() -> list[Tool]:
    """The tools of this theme."""
    return [
        Tool(
            name="declared_lineage",
            title="Show declared lineage",
            description="Base models and data sets that the card names, and models on this hub whose cards name it. "
            "These are statements of authors, not records of what happened.",
            takes=InRepository,
            gives=Lineage,
            call=lineage,
        )
    ]


async def lineage(caller: Caller, asked: InRepository) -> Lineage:
    """The relatives of a repository that the caller may know of."""
    found = await caller.open(asked, Action.READ_METADATA)
    bases, datasets = list(_named(found, "base_model")), list(_named(found, "dataset"))
    tag = {"model": "base_model", "dataset": "dataset"}.get(found.kind)
    users: list[Relative] = []
    more = False
    if tag is not None:
        query = SearchQuery(kind="model", filters=(f"{tag}:{found.full_name}",), limit=LIMIT)
        page = await caller.services.repositories.list(caller.principal, query)
        users = [_relative(item) for item in page.items]
        more = page.cursor is not None
    return Lineage(
        relation=next((word for word in _RELATIONS if _has(found, f"base_model:{word}:")), None),
        base_models=[await _known(caller, "model", name) for name in bases[:LIMIT]],
        datasets=[await _known(caller, "dataset", name) for name in datasets[:LIMIT]],
        used_by=users,
        complete=not more and max(len(bases), len(datasets)) <= LIMIT,
    )


def _named(found: Repository, prefix: str) -> Iterator[str]:
    """Names behind a tag's prefix, those with a further word in between left out."""
    names = (tag.removeprefix(f"{prefix}:") for tag in found.tags if tag.startswith(f"{prefix}:"))
    return (name for name in names if ":" not in name)


def _has(found: Repository, prefix: str) -> bool:
    return any(tag.startswith(prefix) for tag in found.tags)


async def _known(caller: Caller, kind: RepositoryKind, name: str) -> Relative:
    try:
        found = await caller.open(InRepository(repository=name, kind=kind), Action.READ_METADATA)
    except CommongroundError as error:
        if error.status >= 500:
            raise
        return Relative(repository=name, kind=kind, uri=None)
    return _relative(found)


def _relative(found: Repository) -> Relative:
    return Relative(repository=found.full_name, kind=found.kind, uri=uri_of(found))
