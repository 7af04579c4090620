"""SQL of search: which rows match, in which order, and how often each tag occurs among them.

A condition that may be selective is a *source*: a select of row ids (to drive the query from) and a test of one row
(to check while driven from elsewhere). With few rows in the smallest source they are gathered and sorted; otherwise
the index of the sort order is scanned, which soon finds a page since matches are frequent.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, literal, or_, select, true, tuple_

from commonground.accounts.model import Principal
from commonground.database.schema.accounts import access_grant, account
from commonground.database.schema.hub import repository, repository_tag
from commonground.hub.repositories.model import KINDS
from commonground.hub.search.expressions import Unindexed
from commonground.hub.search.model import SearchIndex, SearchQuery

_r = repository.c
_SORTS: dict[str, Any] = {
    "createdAt": _r.created_at,
    "downloads": _r.downloads,
    "lastModified": _r.updated_at,
    "likes": _r.likes,
    "trendingScore": _r.trending,
    "relevance": _r.trending,  # where so many match that their rank says nothing
}
COUNTED = 20_000  # sources are counted up to here
GATHERED = 2_000  # this many rows are sorted in less time than an index is scanned for rare ones
FEW = 500  # the same where conditions are frequent alone and rare together,
SAMPLED = 1_000  # as seen in this many rows
RANKED = 5_000  # texts with more matches are not ranked
PROBED = 500  # up to here single rows are looked up in the text index


class Source(NamedTuple):
    """A condition as ids to start from, and as a test of a row of ``repository``.

    ``probe`` is a test that costs more for a row and less to begin: for the few rows until a frequent match.
    """

    ids: Select[Any]
    test: ColumnElement[bool]
    probe: ColumnElement[bool] | None = None


class Place(NamedTuple):
    """Where a page ended: the sort value and row id of its last result."""

    value: float
    id: int


class Hit(NamedTuple):
    """A result: its row id and sort value."""

    id: int
    value: float


# --- conditions -----------------------------------------------------------------------------------------------------


def _visible(principal: Principal) -> list[ColumnElement[bool]]:
    """What the caller may know of: public, own, of an organisation, granted."""
    public = _r.visibility != "private"
    if principal.account_id is None:
        return [public]
    narrowed = _token_scope(principal)
    if principal.is_admin:
        return [] if narrowed is None else [or_(public, narrowed)]
    granted = select(literal(1)).where(
        access_grant.c.repository_id == _r.id, access_grant.c.account_id == principal.account_id
    )
    mine = or_(_r.owner_id.in_([principal.account_id, *principal.memberships]), granted.correlate(repository).exists())
    return [or_(public, mine if narrowed is None else and_(mine, narrowed))]


def _token_scope(principal: Principal) -> ColumnElement[bool] | None:
    """Private repositories a fine-grained token reaches; ``None``: all its account may read."""
    if principal.token_role != "fine-grained":
        return None
    targets = {scope.target for scope in principal.scopes if scope.permission in {"repo.read", "repo.write"}}
    if "*" in targets:
        return None
    target = _r.kind + ":" + account.c.name + "/" + _r.name
    named = select(literal(1)).where(account.c.id == _r.owner_id, or_(account.c.name.in_(targets), target.in_(targets)))
    return named.correlate(repository).exists() if targets else false()


def sources(query: SearchQuery) -> list[Source]:
    """The selective conditions of a query beside its text."""
    found = [_tag_source(tag) for tag in query.index_tags]
    if query.author:
        owner = select(account.c.id).where(account.c.name_key == query.author.lower()).scalar_subquery()
        found.append(_column_source(query, _r.owner_id, lambda column: column == owner))
    if query.gated is not None:
        found.append(
            _column_source(
                query, _r.gated, lambda column: column.in_(["auto", "manual"]) if query.gated else column == ""
            )
        )
    if query.min_parameters is not None or query.max_parameters is not None:
        found.append(_column_source(query, _r.parameters, lambda column: _between(query, column)))
    return found


def _tag_source(tag: str) -> Source:
    rows = repository_tag.c
    test = select(literal(1)).where(rows.tag == tag, rows.repository_id == _r.id).correlate(repository).exists()
    return Source(select(rows.repository_id).where(rows.tag == tag), test)


def _column_source(query: SearchQuery, column: Any, condition: Callable[[Any], ColumnElement[bool]]) -> Source:
    return Source(select(_r.id).where(*_kind(query, _r.kind), condition(column)), condition(Unindexed(column)))


def _between(query: SearchQuery, column: Any) -> ColumnElement[bool]:
    low, high = query.min_parameters or 0, query.max_parameters
    return and_(column >= low, true() if high is None else column <= high)


def _kind(query: SearchQuery, column: Any) -> list[ColumnElement[bool]]:
    return [column == query.kind] if query.kind else []


# --- pages ----------------------------------------------------------------------------------------------------------


def page(
    connection: Connection,
    index: SearchIndex,
    query: SearchQuery,
    principal: Principal,
    place: Place | None,
    limit: int,
) -> list[Hit]:
    """Up to ``limit`` results after ``place``, in the order of the query."""
    found = sources(query)
    if query.text.strip():
        match = index.match(connection, query.text)
        if match is None:
            return []
        found.append(Source(match.ids, match.test, match.probe))
    driver, tests = _plan(connection, found, limit)
    column = _SORTS[query.sort]
    conditions = [*tests, *_visible(principal), *_after(query, column, place)]
    if driver is not None:
        return _sorted(
            connection,
            query,
            Unindexed(column),
            [_r.id.in_(driver), *_kind(query, Unindexed(_r.kind)), *conditions],
            limit,
        )
    kinds = (query.kind,) if query.kind else KINDS  # the indexes of the sort orders begin with the kind
    pages = [_sorted(connection, query, column, [_r.kind == kind, *conditions], limit) for kind in kinds]
    hits = [hit for hits in pages for hit in hits]
    return sorted(hits, key=lambda hit: (hit.value, hit.id), reverse=query.descending)[:limit]


def _sorted(
    connection: Connection, query: SearchQuery, key: Any, conditions: list[ColumnElement[bool]], limit: int
) -> list[Hit]:
    order = [key.desc(), _r.id.desc()] if query.descending else [key, _r.id]
    statement = select(_r.id, key).where(*conditions).order_by(*order).limit(limit)
    return [Hit(*row) for row in connection.execute(statement)]


def _after(query: SearchQuery, column: Any, place: Place | None) -> list[ColumnElement[bool]]:
    if place is None:
        return []
    here, there = tuple_(column, _r.id), tuple_(place.value, place.id)
    return [here < there if query.descending else here > there]


def _plan(
    connection: Connection, found: list[Source], limit: int
) -> tuple[Select[Any] | None, list[ColumnElement[bool]]]:
    """The ids to gather from (``None``: scan the sort index), and the tests left to apply."""
    if not found:
        return None, []
    sizes = [_count(connection, source.ids, COUNTED) for source in found]
    smallest = min(range(len(found)), key=sizes.__getitem__)
    if sizes[smallest] < GATHERED:
        others = [source for i, source in enumerate(found) if i != smallest]
        return found[smallest].ids, _tests(others, sizes[smallest])
    common = [i for i, source in enumerate(found) if source.probe is not None and sizes[i] == COUNTED]
    frequent, rest = [found[i] for i in common], [source for i, source in enumerate(found) if i not in common]
    if smallest not in common and len(rest) > 1:
        tested = [source for i, source in enumerate(found) if i not in common and i != smallest]
        tests = _tests(tested, COUNTED)
        if _together(connection, found[smallest].ids, sizes[smallest], tests) < FEW:
            return found[smallest].ids, [*tests, *_tests(frequent, FEW)]
    # A frequent text comes last: it is looked up for the rows that pass the rest, a few for every result.
    return None, [*_tests(rest, COUNTED), *_tests(frequent, 5 * limit)]


def _tests(found: Sequence[Source], rows: int) -> list[ColumnElement[bool]]:
    """The conditions in the form that suits a number of rows to test."""
    return [source.test if source.probe is None or rows > PROBED else source.probe for source in found]


def _together(connection: Connection, ids: Select[Any], size: int, tests: Sequence[ColumnElement[bool]]) -> float:
    """About how many of ``size`` rows pass the tests, judged by the first of them."""
    both = select(_r.id).where(_r.id.in_(ids.limit(SAMPLED)), *tests)
    return _count(connection, both, SAMPLED) * size / min(size, SAMPLED)


def _count(connection: Connection, ids: Select[Any], limit: int) -> int:
    return int(connection.execute(select(func.count()).select_from(ids.limit(limit).subquery())).scalar_one())


def ranked(
    connection: Connection, index: SearchIndex, query: SearchQuery, principal: Principal, offset: int, limit: int
) -> list[int] | None:
    """Row ids of a page by relevance to the text; ``None`` where too many match for ranking to be worth it."""
    match = index.match(connection, query.text)
    if match is None:
        return []
    if _count(connection, match.ids, RANKED) == RANKED:
        return None
    hits = match.ranked.subquery()
    statement = (
        select(_r.id)
        .join(hits, hits.c.repository_id == _r.id)
        .where(*_kind(query, Unindexed(_r.kind)), *(source.test for source in sources(query)), *_visible(principal))
        .order_by(hits.c.rank, _r.downloads.desc(), _r.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())


# --- facets ---------------------------------------------------------------------------------------------------------


def tag_counts(connection: Connection, ids: Sequence[int], prefixes: Sequence[str]) -> list[tuple[str, int]]:
    """How many of the repositories carry each index tag that starts with one of the prefixes (``"license:"``)."""
    statement = _COUNTS.where(repository_tag.c.repository_id.in_(list(ids)), _starts(prefixes))
    return [(tag, count) for tag, count in connection.execute(statement)]


def all_tag_counts(connection: Connection, kind: str | None, prefixes: Sequence[str]) -> list[tuple[str, int]]:
    """The same over every public repository of a kind."""
    public = select(_r.id).where(_r.visibility != "private", *([_r.kind == kind] if kind else []))
    statement = _COUNTS.where(repository_tag.c.repository_id.in_(public), _starts(prefixes))
    return [(tag, count) for tag, count in connection.execute(statement)]


_COUNTS = select(repository_tag.c.tag, func.count()).group_by(repository_tag.c.tag)


def _starts(prefixes: Sequence[str]) -> ColumnElement[bool]:
    return or_(*(func.substr(repository_tag.c.tag, 1, len(prefix)) == prefix for prefix in prefixes))
