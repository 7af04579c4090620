"""What a card says, and what is derived from it."""

from typing import Any

import msgspec


class CardReport(msgspec.Struct, frozen=True):
    """The verdict on a card. A card with ``errors`` is refused; ``warnings`` are shown to its author."""

    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Card(msgspec.Struct, frozen=True):
    """A README taken apart: the front matter as JSON values (dates stay text) and the markdown below it.

    ``problem`` says why the front matter could not be read; ``metadata`` is then empty.
    """

    metadata: dict[str, Any] = {}
    body: str = ""
    has_metadata: bool = False
    problem: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What files tell beside the card: the paths of a revision and the small configuration files among them."""

    paths: tuple[str, ...] = ()
    configs: dict[str, dict[str, Any]] = {}


class Derived(msgspec.Struct, frozen=True, kw_only=True):
    """Columns and tags of a repository, as its head implies them.

    ``tags`` are shown; ``index_tags`` are all a filter can ask for: the shown ones and ``pipeline_tag:x``,
    ``library:x``, ``language:x``.
    """

    card: dict[str, Any] = {}
    description: str = ""
    tags: tuple[str, ...] = ()
    index_tags: tuple[str, ...] = ()
    pipeline_tag: str | None = None
    library_name: str | None = None
    license: str | None = None
    config: dict[str, Any] = {}
    body: str = ""
