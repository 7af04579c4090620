"""The search index on SQLite (FTS5) and on PostgreSQL (tsvector)."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    TableClause,
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
from commonground.hub.search.expressions import Unindexed
from commonground.hub.search.model import Document, SearchIndex, TextMatch
from commonground.hub.search.tokens import Term, endings, terms, words

TITLE_WORDS, ENDINGS, BODY_WORDS = 200, 200, 2000
BODY_CHARACTERS = 40_000
PREFIX_INDEXED = 5  # letters; each look-up of a longer beginning would merge many words
FREQUENT = 20_000  # documents with a word

_BM25: ColumnElement[float] = literal_column("bm25(repository_search, 8.0, 3.0, 1.0)").label("rank")
_WEIGHTS: ColumnElement[Any] = literal_column("CAST('{0.1,0.1,0.4,1.0}' AS real[])")


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

    def match(self, connection: Connection, text: str) -> TextMatch | None:
        """See :class:`SearchIndex`. A word that is frequent as it stands is not taken for a beginning too."""
        found = terms(text)
        if not found:
            return None
        parts = [self._term(connection, term) for term in found]
        row, condition = self._table.c.rowid, self._matches(" ".join(parts))
        test = Unindexed(repository.c.id).in_(select(row).where(condition))
        slow = any(part.endswith("*") and len(part) > PREFIX_INDEXED + len('""*') for part in parts)
        return TextMatch(
            ids=select(row).where(condition),
            test=test,
            probe=test if slow else _exists(self._table, condition, row == repository.c.id),
            ranked=select(row.label("repository_id"), _BM25).where(condition),
        )

    def _term(self, connection: Connection, term: Term) -> str:
        words_of_term = f'"{" ".join(term.words)}"'
        if not term.prefix:
            return words_of_term
        same = select(self._table.c.rowid).where(self._matches(words_of_term)).limit(FREQUENT)
        frequent = connection.execute(select(sql.count()).select_from(same.subquery())).scalar_one() == FREQUENT
        return words_of_term if frequent else f"{words_of_term}*"

    @staticmethod
    def _matches(query: str) -> ColumnElement[bool]:
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

    def match(self, connection: Connection, text: str) -> TextMatch | None:
        """See :class:`SearchIndex`. The planner decides how to test a row."""
        found = terms(text)
        if not found:
            return None
        row, query = self._table.c.repository_id, _tsquery(found)
        condition = self._table.c.document.op("@@", is_comparison=True)(query)
        rank: ColumnElement[float] = -sql.ts_rank(_WEIGHTS, self._table.c.document, query)
        test = _exists(self._table, condition, row == repository.c.id)
        return TextMatch(
            ids=select(row).where(condition),
            test=test,
            probe=test,
            ranked=select(row, rank.label("rank")).where(condition),
        )


def _exists(source: TableClause, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(literal(1)).select_from(source).where(*conditions).correlate(repository).exists()


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
