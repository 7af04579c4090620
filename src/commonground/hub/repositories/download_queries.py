"""SQL of download counts and of the trending score."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, select, update

from commonground.database.conflict import upsert
from commonground.database.schema.hub import download_day, repository

DAYS = 30
HALF_LIFE_DAYS = 3
LIKE_WEIGHT = 20.0
LIKE_HALF_LIFE_DAYS = 30
BATCH = 2_000

_r, _d = repository.c, download_day.c
_EXISTING = select(_r.id).where(_r.id.in_(bindparam("ids", expanding=True))).order_by(_r.id)
_ADD_DAY = upsert(download_day, ["repository_id", "day"], lambda new: {"count": _d.count + new["count"]})
_ADD = (
    update(repository)
    .where(_r.id == bindparam("id_"))
    .values(
        downloads=_r.downloads + bindparam("count_"), downloads_all_time=_r.downloads_all_time + bindparam("count_")
    )
)


def add(connection: Connection, day: int, counts: Mapping[int, int]) -> None:
    """Add downloads of a day; repositories that are gone are left out."""
    ids = sorted(counts)
    for start in range(0, len(ids), BATCH):
        kept = list(connection.execute(_EXISTING, {"ids": ids[start : start + BATCH]}).scalars())
        if kept:
            _ADD_DAY(connection, [{"repository_id": i, "day": day, "count": counts[i]} for i in kept])
            connection.execute(_ADD, [{"id_": i, "count_": counts[i]} for i in kept])


_HISTORY = (
    select(_d.day, _d.count).where(_d.repository_id == bindparam("id"), _d.day > bindparam("since")).order_by(_d.day)
)


def history(connection: Connection, repository_id: int, since: int) -> list[tuple[int, int]]:
    """Downloads per day after day ``since``; days without are left out."""
    return [(day, count) for day, count in connection.execute(_HISTORY, {"id": repository_id, "since": since})]


_SET = (
    update(repository)
    .where(_r.id == bindparam("id_"))
    .values(downloads=bindparam("downloads_"), trending=bindparam("trending_"))
)


def _scores(day: int) -> Any:
    """Id, created_at, likes, stored and computed values of a batch of repositories."""
    weight = case(*((_d.day == day - age, 0.5 ** (age / HALF_LIFE_DAYS)) for age in range(DAYS)), else_=0.0)
    summed = (
        select(
            _d.repository_id,
            func.sum(_d.count).label("month"),
            func.sum(_d.count * weight).label("recent"),
        )
        .where(_d.day > day - DAYS, _d.repository_id.between(bindparam("first"), bindparam("last")))
        .group_by(_d.repository_id)
        .subquery()
    )
    return (
        select(_r.id, _r.created_at, _r.likes, _r.downloads, _r.trending, summed.c.month, summed.c.recent)
        .outerjoin(summed, summed.c.repository_id == _r.id)
        .where(_r.id.between(bindparam("first"), bindparam("last")))
    )


def changed_scores(connection: Connection, day: int, first: int) -> list[dict[str, Any]]:
    """New values of the repositories ``first`` to ``first + BATCH - 1`` whose counters are out of date."""
    rows = connection.execute(_scores(day), {"first": first, "last": first + BATCH - 1})
    changed = []
    for identity, created_at, likes, downloads, trending, month, recent in rows:
        age = max(0, day - created_at // 86_400_000)
        score = round(float(recent or 0) + LIKE_WEIGHT * likes * 0.5 ** (age / LIKE_HALF_LIFE_DAYS), 3)
        if (int(month or 0), score) != (downloads, trending):
            changed.append({"id_": identity, "downloads_": int(month or 0), "trending_": score})
    return changed


def set_scores(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Write what :func:`changed_scores` found."""
    if rows:
        connection.execute(_SET, rows)


def last_id(connection: Connection) -> int:
    """The highest row id."""
    return int(connection.execute(select(func.coalesce(func.max(_r.id), 0))).scalar_one())
