"""Likes: the one face of this package."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import msgspec
from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.community.likes import queries
from commonground.community.likes.model import Like, Liker
from commonground.community.likes.queries import Place
from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.errors import RepositoryNotFound, Unauthenticated
from commonground.hub.repositories.model import Repository
from commonground.hub.repositories.service import Repositories
from commonground.hub.revisions.cursors import decode_cursor, encode_cursor
from commonground.hub.revisions.model import Page

T = TypeVar("T")
_Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Cursor(msgspec.Struct, frozen=True):
    """Where the next page starts."""

    time: _Number
    id: _Number


class Likes:
    """Who likes what. Who may like was asked before: :meth:`Repositories.open` with ``Action.DISCUSS``."""

    def __init__(self, database: Database, repositories: Repositories, clock: Callable[[], int] = now_ms) -> None:
        self._database, self._repositories, self._clock = database, repositories, clock

    async def like(self, principal: Principal, repository: Repository) -> int:
        """Like a repository; how many do now. Liking it again changes nothing."""
        return await self._database.write(_like, _account(principal), repository.id, self._clock())

    async def unlike(self, principal: Principal, repository: Repository) -> int:
        """Take a like back, if there is one; how many like it now."""
        return await self._database.write(_unlike, _account(principal), repository.id)

    async def likes_it(self, principal: Principal, repository: Repository) -> bool:
        """Whether the caller likes the repository."""
        account = principal.account_id
        return account is not None and await self._database.lookup(queries.likes_it, account, repository.id)

    async def likes_of(
        self, principal: Principal, account_id: int, cursor: str | None = None, limit: int = 100
    ) -> Page[Like]:
        """What an account likes and the caller may know of, the newest like first. :class:`BadRequest` for a cursor."""
        place, found = _place(cursor), list[tuple[Place, Like]]()
        while len(found) <= limit:
            rows = await self._database.read(queries.likes_of, account_id, place, limit + 1)
            known = await self._repositories.known(principal, [identity for identity, _ in rows])
            found += [(Place(like.created_at, identity), like) for identity, like in rows if identity in known]
            if len(rows) <= limit:
                break
            place = Place(rows[-1][1].created_at, rows[-1][0])
        return _page(found, limit)

    async def likers_of(self, repository: Repository, cursor: str | None = None, limit: int = 100) -> Page[Liker]:
        """Who likes a repository, the newest like first. :class:`BadRequest` for a cursor."""
        rows = await self._database.read(queries.likers_of, repository.id, _place(cursor), limit + 1)
        return _page([(Place(liker.created_at, liker.account_id), liker) for liker in rows], limit)


def _page(found: Sequence[tuple[Place, T]], limit: int) -> Page[T]:
    more = encode_cursor(Cursor(*found[limit - 1][0])) if len(found) > limit else None
    return Page([item for _, item in found[:limit]], more)


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    start = decode_cursor(cursor, Cursor)
    return Place(start.time, start.id)


def _account(principal: Principal) -> int:
    if principal.account_id is None:
        raise Unauthenticated
    return principal.account_id


def _like(connection: Connection, account_id: int, repository_id: int, now: int) -> int:
    return _number(connection, repository_id) + queries.add(connection, account_id, repository_id, now)


def _unlike(connection: Connection, account_id: int, repository_id: int) -> int:
    return _number(connection, repository_id) + queries.remove(connection, account_id, repository_id)


def _number(connection: Connection, repository_id: int) -> int:
    number = queries.lock(connection, repository_id)
    if number is None:
        raise RepositoryNotFound
    return number
