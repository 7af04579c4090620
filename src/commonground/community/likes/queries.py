"""SQL of likes. The counter of the repository changes with its rows, in one transaction."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, delete, select, tuple_, update

from commonground.community.likes.model import Like, Liker
from commonground.database.conflict import insert_or_ignore
from commonground.database.schema.accounts import account
from commonground.database.schema.community import likes
from commonground.database.schema.hub import repository

_l, _r, _a = likes.c, repository.c, account.c
_insert = insert_or_ignore(likes)
_DELETE = delete(likes).where(_l.account_id == bindparam("account"), _l.repository_id == bindparam("repository"))
_COUNT = update(repository).where(_r.id == bindparam("repository")).values(likes=_r.likes + bindparam("change"))
_LOCK = select(_r.likes).where(_r.id == bindparam("repository")).with_for_update()
_ONE = select(_l.created_at).where(_l.account_id == bindparam("account"), _l.repository_id == bindparam("repository"))
_NEXT = tuple_(bindparam("time"), bindparam("id"))

_LIKES = (
    select(_l.created_at, _l.repository_id, _r.kind, _a.name.label("owner"), _r.name)
    .join(repository, _r.id == _l.repository_id)
    .join(account, _a.id == _r.owner_id)
    .where(_l.account_id == bindparam("account"))
    .order_by(_l.created_at.desc(), _l.repository_id.desc())
    .limit(bindparam("limit"))
)
_LIKES_AFTER = _LIKES.where(tuple_(_l.created_at, _l.repository_id) < _NEXT)

_LIKERS = (
    select(_l.created_at, _l.account_id, _a.name, _a.full_name)
    .join(account, _a.id == _l.account_id)
    .where(_l.repository_id == bindparam("repository"), _a.disabled_at.is_(None))
    .order_by(_l.created_at.desc(), _l.account_id.desc())
    .limit(bindparam("limit"))
)
_LIKERS_AFTER = _LIKERS.where(tuple_(_l.created_at, _l.account_id) < _NEXT)


class Place(NamedTuple):
    """Where a page ended: the time of its last like, and the row id of what that is listed as."""

    time: int
    id: int


def lock(connection: Connection, repository_id: int) -> int | None:
    """The number of likes of a repository, which stays as it is until the transaction ends; ``None``: it is gone."""
    found: int | None = connection.execute(_LOCK, {"repository": repository_id}).scalar()
    return found


def add(connection: Connection, account_id: int, repository_id: int, now: int) -> int:
    """Add a like; how many are new: 0 or 1."""
    row = {"account_id": account_id, "repository_id": repository_id, "created_at": now}
    return _counted(connection, repository_id, _insert(connection, row))


def remove(connection: Connection, account_id: int, repository_id: int) -> int:
    """Take a like back; the change of their number: 0 or -1."""
    removed = connection.execute(_DELETE, {"account": account_id, "repository": repository_id}).rowcount
    return _counted(connection, repository_id, -removed)


def _counted(connection: Connection, repository_id: int, change: int) -> int:
    if change:
        connection.execute(_COUNT, {"repository": repository_id, "change": change})
    return change


def likes_it(connection: Connection, account_id: int, repository_id: int) -> bool:
    """Whether an account likes a repository."""
    return connection.execute(_ONE, {"account": account_id, "repository": repository_id}).first() is not None


def likes_of(connection: Connection, account_id: int, place: Place | None, limit: int) -> list[tuple[int, Like]]:
    """What an account likes, the newest like first, each with the repository's row id."""
    rows = connection.execute(_after(_LIKES, _LIKES_AFTER, place), _values(place, limit, account=account_id))
    return [
        (identity, Like(kind=kind, repository=f"{owner}/{name}", created_at=time))
        for time, identity, kind, owner, name in rows
    ]


def likers_of(connection: Connection, repository_id: int, place: Place | None, limit: int) -> list[Liker]:
    """Who likes a repository, the newest like first."""
    rows = connection.execute(_after(_LIKERS, _LIKERS_AFTER, place), _values(place, limit, repository=repository_id))
    return [
        Liker(account_id=identity, name=name, full_name=full_name or "", created_at=time)
        for time, identity, name, full_name in rows
    ]


def _after(first: Select[Any], later: Select[Any], place: Place | None) -> Select[Any]:
    return first if place is None else later


def _values(place: Place | None, limit: int, **more: int) -> dict[str, int]:
    return {"limit": limit, **more, **({} if place is None else place._asdict())}
