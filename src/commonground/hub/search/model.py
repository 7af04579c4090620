"""What can be searched for, and what a search index promises."""

from typing import Any, Literal, Protocol

import msgspec
from sqlalchemy import ColumnElement, Connection, Select

from commonground.accounts.model import RepositoryKind

Sort = Literal["createdAt", "downloads", "lastModified", "likes", "trendingScore", "relevance"]
MAX_LIMIT = 1000


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A list of repositories to ask for. All conditions hold together.

    ``text`` is free text (names by any part of a word, tags, description, card). ``filters`` are tags as shown on a
    repository, or index tags (``pipeline_tag:x``, ``library:x``, ``language:x``). ``cursor`` is what the page before
    returned; it fits only the same query.
    """

    kind: RepositoryKind | None = None
    text: str = ""
    author: str = ""
    filters: tuple[str, ...] = ()
    pipeline_tag: str = ""
    library: str = ""
    license: str = ""
    languages: tuple[str, ...] = ()
    gated: bool | None = None
    min_parameters: int | None = None
    max_parameters: int | None = None
    sort: Sort = "trendingScore"
    descending: bool = True
    limit: int = 30
    cursor: str | None = None

    @property
    def index_tags(self) -> tuple[str, ...]:
        """All conditions on tags, as rows of ``repository_tag``."""
        named = [("pipeline_tag", self.pipeline_tag), ("library", self.library), ("license", self.license)]
        named += [("language", language) for language in self.languages]
        return tuple(dict.fromkeys([*self.filters, *(f"{prefix}:{value}" for prefix, value in named if value)]))


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The searchable text of a repository."""

    owner: str
    name: str
    tags: tuple[str, ...] = ()
    description: str = ""
    body: str = ""


class Facets(msgspec.Struct, frozen=True):
    """How many results have each value: dimension -> ``(value, count)``, most frequent first.

    ``exact`` is false where only the first results in sort order were counted.
    """

    counts: dict[str, list[tuple[str, int]]]
    exact: bool = True


class TextMatch(msgspec.Struct, frozen=True):
    """A text condition in the forms a query plan may need.

    ``ids`` selects the row ids that match. ``test`` and ``probe`` ask the same of a row of table ``repository``:
    ``test`` finds all matches once, ``probe`` looks each row up. ``ranked`` selects ``repository_id`` and ``rank``
    (lower is better).
    """

    ids: Select[Any]
    test: ColumnElement[bool]
    probe: ColumnElement[bool]
    ranked: Select[Any]


class SearchIndex(Protocol):
    """Full text of repositories, kept beside their rows in the same transaction."""

    def put(self, connection: Connection, repository_id: int, document: Document) -> None:
        """Index a document, in place of the one before."""
        ...

    def retitle(self, connection: Connection, repository_id: int, title: Document) -> None:
        """Replace owner, name and tags of a document, keep its text."""
        ...

    def copy(self, connection: Connection, source: int, target: int) -> None:
        """Give ``target`` the document of ``source``."""
        ...

    def remove(self, connection: Connection, repository_id: int) -> None:
        """Forget a document. Deleting the repository does the same."""
        ...

    def match(self, connection: Connection, text: str) -> "TextMatch | None":
        """How to find the repositories that match; ``None`` where the text holds no word."""
        ...
