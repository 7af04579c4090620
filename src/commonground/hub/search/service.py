"""Search: pages of repositories the caller may know of, and the facets beside them."""

import asyncio
import base64
import binascii
import math
import time
from collections.abc import Sequence
from typing import Annotated

import msgspec
from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.database import Database
from commonground.errors import BadRequest
from commonground.hub.repositories import queries as repositories
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Page
from commonground.hub.search import queries
from commonground.hub.search.index import search_index
from commonground.hub.search.model import MAX_LIMIT, Facets, SearchQuery
from commonground.hub.search.queries import Place

DIMENSIONS: dict[str, tuple[str, ...]] = {
    "model": ("pipeline_tag", "library", "language", "license"),
    "dataset": ("task_categories", "size_categories", "modality", "format", "language", "license", "library"),
    "space": ("sdk", "license"),
    "kernel": ("license",),
}
FACET_SAMPLE = 2_000
FACET_VALUES = 50
FACET_SECONDS = 300


class Cursor(msgspec.Struct, frozen=True):
    """Where the next page starts: after a sort value and row id, or at an offset of a list by relevance."""

    value: float = 0
    id: int = 0
    offset: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0


class Search:
    """Searches repositories."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.index = search_index(sqlite=database.is_sqlite)
        self._facets: dict[str | None, tuple[float, Facets]] = {}
        self._counting: dict[str | None, asyncio.Task[None]] = {}

    async def list(self, principal: Principal, query: SearchQuery) -> Page[Repository]:
        """A page of what matches. Raises :class:`BadRequest` for a limit or cursor that makes no sense."""
        if not 1 <= query.limit <= MAX_LIMIT:
            raise BadRequest(reason=f"limit must be between 1 and {MAX_LIMIT}")
        cursor = _decode_cursor(query.cursor)
        return await self._database.read(self._page, principal, query, cursor)

    def _page(
        self, connection: Connection, principal: Principal, query: SearchQuery, cursor: Cursor | None
    ) -> Page[Repository]:
        if query.sort == "relevance" and query.text.strip() and (cursor is None or cursor.offset):
            offset = cursor.offset if cursor else 0
            ids = queries.ranked(connection, self.index, query, principal, offset, query.limit + 1)
            if ids is not None:
                more = Cursor(offset=offset + query.limit) if len(ids) > query.limit else None
                return Page(repositories.by_ids(connection, ids[: query.limit]), _encode_cursor(more))
        place = Place(cursor.value, cursor.id) if cursor else None
        hits = queries.page(connection, self.index, query, principal, place, query.limit + 1)
        kept = hits[: query.limit]
        more = Cursor(kept[-1].value, kept[-1].id) if len(hits) > query.limit else None
        return Page(repositories.by_ids(connection, [hit.id for hit in kept]), _encode_cursor(more))

    async def facets(self, principal: Principal, query: SearchQuery) -> Facets:
        """Counts per value of each dimension of the query's kind.

        The counts are exact up to 2,000 results; above that only the first 2,000 in the order of the query are
        counted, except without any condition: then a background count of all public repositories answers, at most a
        few minutes old.
        """
        conditions = msgspec.structs.replace(query, sort="trendingScore", limit=30, cursor=None, descending=True)
        if conditions == SearchQuery(kind=query.kind) and (facets := self._counted(query.kind)) is not None:
            return facets
        return await self._database.read(self._first_facets, principal, query)

    def _first_facets(self, connection: Connection, principal: Principal, query: SearchQuery) -> Facets:
        plain = msgspec.structs.replace(query, cursor=None)
        hits = queries.page(connection, self.index, plain, principal, None, FACET_SAMPLE + 1)
        ids = [hit.id for hit in hits[:FACET_SAMPLE]]
        counts = queries.tag_counts(connection, ids, _prefixes(query.kind)) if ids else []
        return Facets(_by_dimension(query.kind, counts), exact=len(hits) <= FACET_SAMPLE)

    def _counted(self, kind: str | None) -> Facets | None:
        """The last background count, if there is one; starts the next one when it is old."""
        counted_at, facets = self._facets.get(kind, (-math.inf, None))
        if time.monotonic() - counted_at > FACET_SECONDS and kind not in self._counting:
            self._counting[kind] = asyncio.create_task(self._count_all(kind))
            self._counting[kind].add_done_callback(lambda _: self._counting.pop(kind, None))
        return facets

    async def counted(self) -> None:
        """Wait for background counts that are under way."""
        await asyncio.gather(*self._counting.values())

    async def _count_all(self, kind: str | None) -> None:
        counts = await self._database.read(queries.all_tag_counts, kind, _prefixes(kind))
        self._facets[kind] = (time.monotonic(), Facets(_by_dimension(kind, counts)))


def _dimensions(kind: str | None) -> tuple[str, ...]:
    return DIMENSIONS[kind] if kind else tuple(dict.fromkeys(name for names in DIMENSIONS.values() for name in names))


def _prefixes(kind: str | None) -> list[str]:
    return [f"{name}:" for name in _dimensions(kind)]


def _by_dimension(kind: str | None, counts: Sequence[tuple[str, int]]) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {name: [] for name in _dimensions(kind)}
    for tag, count in sorted(counts, key=lambda pair: (-pair[1], pair[0])):
        name, _, value = tag.partition(":")
        if len(found[name]) < FACET_VALUES:
            found[name].append((value, count))
    return found


def _encode_cursor(cursor: Cursor | None) -> str | None:
    return None if cursor is None else base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def _decode_cursor(text: str | None) -> Cursor | None:
    if not text:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Cursor)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise BadRequest(reason="the cursor is not one this server gave out") from None
