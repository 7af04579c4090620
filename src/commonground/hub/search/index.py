"""The search index on SQLite (FTS5) and on PostgreSQL (tsvector)."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    bindparam,
    cast,
    column,
    literal,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import TSQUERY

from commonground.database.schema.hub import repository
from commonground.hub.search.model import Document, SearchIndex
from commonground.hub.search.tokens import Term, endings, terms, words

TITLE_WORDS, ENDINGS, BODY_WORDS = 200, 200, 2000
BODY_CHARACTERS = 40_000


def search_index(*, sqlite: bool) -> SearchIndex:
    """The index of a database."""
    return SqliteIndex() if sqlite else PostgresIndex()


def columns(document: Document) -> tuple[list[str], list[str], list[str]]:
    """The words of a document: its title (id, tags), inner parts of its id, and its text."""
    title = words(f"{document.owner} {document.name} {' '.join(document.tags)}", TITLE_WORDS)
    body = words(f"{document.description[:BODY_CHARACTERS]} {document.body[:BODY_CHARACTERS]}", BODY_WORDS)
    return title, endings(f"{document.name} {document.owner}", ENDINGS), body


class SqliteIndex:
    """FTS5."""

    _delete = text("DELETE FROM repository_search WHERE rowid = :id")
    _insert = text("INSERT INTO repository_search (rowid, title, parts, body) VALUES (:id, :title, :parts, :body)")
    _retitle = text("UPDATE repository_search SET title = :title, parts = :parts WHERE rowid = :id")
    _copy = text(
        "INSERT INTO repository_search (rowid, title, parts, body) "
        "SELECT :target, title, parts, body FROM repository_search WHERE rowid = :source"
    )
    _table = table("repository_search", column("rowid"))

    def put(self, connection: Connection, repository_id: int, document: Document) -> None:
        """See :class:`SearchIndex`."""
        title, parts, body = map(" ".join, columns(document))
        self.remove(connection, repository_id)
        connection.execute(self._insert, {"id": repository_id, "title": title, "parts": parts, "body": body})

    def retitle(self, connection: Connection, repository_id: int, title: Document) -> None:
        """See :class:`SearchIndex`."""
        words_of_title, parts, _ = map(" ".join, columns(title))
        connection.execute(self._retitle, {"id": repository_id, "title": words_of_title, "parts": parts})

    def copy(self, connection: Connection, source: int, target: int) -> None:
        """See :class:`SearchIndex`."""
        connection.execute(self._copy, {"source": source, "target": target})

    def remove(self, connection: Connection, repository_id: int) -> None:
        """See :class:`SearchIndex`."""
        connection.execute(self._delete, {"id": repository_id})

    def ids(self, text: str) -> Select[Any] | None:
        """See :class:`SearchIndex`."""
        found = terms(text)
        return select(self._table.c.rowid).where(_match(found)) if found else None

    def matches(self, text: str) -> ColumnElement[bool]:
        """See :class:`SearchIndex`."""
        return (
            select(literal(1))
            .select_from(self._table)
            .where(_match(terms(text)), self._table.c.rowid == repository.c.id)
            .correlate(repository)
            .exists()
        )

    def ranked(self, text: str) -> Select[Any]:
        """See :class:`SearchIndex`."""
        rank: ColumnElement[float] = literal_column("bm25(repository_search, 8.0, 3.0, 1.0)").label("rank")
        return select(self._table.c.rowid.label("repository_id"), rank).where(_match(terms(text)))


def _match(found: list[Term]) -> ColumnElement[bool]:
    query = " ".join(f'"{" ".join(term.words)}"{"*" if term.prefix else ""}' for term in found)
    return literal_column("repository_search").op("MATCH", is_comparison=True)(bindparam(None, query))


class PostgresIndex:
    """A tsvector whose words and positions are written by this server, not by a PostgreSQL configuration."""

    _put = text(
        "INSERT INTO repository_search (repository_id, document) VALUES (:id, CAST(:document AS tsvector)) "
        "ON CONFLICT (repository_id) DO UPDATE SET document = excluded.document"
    )
    _delete = text("DELETE FROM repository_search WHERE repository_id = :id")
    # The weight D marks the words of the text: they stay.
    _retitle = text(
        "UPDATE repository_search SET document = CAST(:title AS tsvector) || ts_filter(document, '{d}') "
        "WHERE repository_id = :id"
    )
    _copy = text(
        "INSERT INTO repository_search (repository_id, document) "
        "SELECT :target, document FROM repository_search WHERE repository_id = :source"
    )
    _table = table("repository_search", column("repository_id"), column("document"))

    def put(self, connection: Connection, repository_id: int, document: Document) -> None:
        """See :class:`SearchIndex`."""
        connection.execute(self._put, {"id": repository_id, "document": _vector(document)})

    def retitle(self, connection: Connection, repository_id: int, title: Document) -> None:
        """See :class:`SearchIndex`."""
        connection.execute(self._retitle, {"id": repository_id, "title": _vector(title)})

    def copy(self, connection: Connection, source: int, target: int) -> None:
        """See :class:`SearchIndex`."""
        connection.execute(self._copy, {"source": source, "target": target})

    def remove(self, connection: Connection, repository_id: int) -> None:
        """See :class:`SearchIndex`."""
        connection.execute(self._delete, {"id": repository_id})

    def ids(self, text: str) -> Select[Any] | None:
        """See :class:`SearchIndex`."""
        found = terms(text)
        return select(self._table.c.repository_id).where(self._match(found)) if found else None

    def matches(self, text: str) -> ColumnElement[bool]:
        """See :class:`SearchIndex`."""
        return (
            select(literal(1))
            .select_from(self._table)
            .where(self._match(terms(text)), self._table.c.repository_id == repository.c.id)
            .correlate(repository)
            .exists()
        )

    def ranked(self, text: str) -> Select[Any]:
        """See :class:`SearchIndex`."""
        found = terms(text)
        rank: ColumnElement[float] = -sql.ts_rank(
            literal_column("'{0.1,0.1,0.4,1.0}'::real[]"), self._table.c.document, _tsquery(found)
        )
        return select(self._table.c.repository_id, rank.label("rank")).where(self._match(found))

    def _match(self, found: list[Term]) -> ColumnElement[bool]:
        return self._table.c.document.op("@@", is_comparison=True)(_tsquery(found))


def _tsquery(found: list[Term]) -> ColumnElement[Any]:
    joined = " & ".join(
        "(" + " <-> ".join(f"'{word}'" for word in term.words) + (":*" if term.prefix else "") + ")" for term in found
    )
    return cast(literal(joined, Text), TSQUERY)


def _vector(document: Document) -> str:
    """``'bert':1A,7 'base':2A``: words with their positions and weights; positions end at 16,383, 255 a word."""
    places: dict[str, list[str]] = {}
    position = 0
    for weight, column_words in zip("ABD", columns(document), strict=True):
        for word in column_words:
            position += 1
            places.setdefault(word, []).append(f"{position}{weight}")
        position += 1  # no phrase reaches over the end of a column
    return " ".join(f"'{word}':{','.join(spots[:255])}" for word, spots in places.items())
