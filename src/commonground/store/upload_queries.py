"""SQL of upload sessions and their parts."""

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from commonground.database.conflict import upsert
from commonground.database.schema.store import upload_part, upload_session
from commonground.store.model import Part, Session

_ADD = insert(upload_session)
_FIND = select(upload_session).where(
    upload_session.c.id == bindparam("session"), upload_session.c.expires_at > bindparam("now")
)
_OF_ACCOUNT = (
    select(upload_session)
    .where(
        upload_session.c.account_id == bindparam("account"),
        upload_session.c.purpose == bindparam("purpose"),
        upload_session.c.id > bindparam("after"),
        upload_session.c.expires_at > bindparam("now"),
    )
    .order_by(upload_session.c.id)
    .limit(bindparam("limit"))
)
_LOCK = select(upload_session.c.size).where(upload_session.c.id == bindparam("session")).with_for_update()
_PARTS = (
    select(upload_part)
    .where(upload_part.c.session_id == bindparam("session"), upload_part.c.number > bindparam("after"))
    .order_by(upload_part.c.number)
    .limit(bindparam("limit"))
)
_PUT_PART = upsert(upload_part, ["session_id", "number"], ["file_hash", "sha256", "size"])
_ADD_PART = insert(upload_part)
_LAST = select(func.coalesce(func.max(upload_part.c.number), 0)).where(upload_part.c.session_id == bindparam("session"))
_SUM = select(func.coalesce(func.sum(upload_part.c.size), 0)).where(upload_part.c.session_id == upload_session.c.id)
_MEASURE = update(upload_session).where(upload_session.c.id == bindparam("session")).values(size=_SUM.scalar_subquery())
_REMOVE = delete(upload_session).where(upload_session.c.id == bindparam("session"))
_EXPIRED = select(upload_session.c.id).where(upload_session.c.expires_at <= bindparam("now")).limit(bindparam("most"))
_REMOVE_MANY = delete(upload_session).where(upload_session.c.id.in_(bindparam("sessions", expanding=True)))


def add(connection: Connection, session: Session) -> None:
    """Record a session."""
    row = msgspec.structs.asdict(session)
    connection.execute(_ADD, row | {"details": msgspec.json.encode(session.details).decode()})


def find(connection: Connection, session_id: str, now: int) -> Session | None:
    """A session that has not expired."""
    row = connection.execute(_FIND, {"session": session_id, "now": now}).one_or_none()
    return None if row is None else _session(row)


def of_account(
    connection: Connection, account_id: int, purpose: str, after: str, limit: int, now: int
) -> list[Session]:
    """The sessions of an account for one purpose, by id, from behind ``after``."""
    values = {"account": account_id, "purpose": purpose, "after": after, "limit": limit, "now": now}
    return [_session(row) for row in connection.execute(_OF_ACCOUNT, values)]


def lock(connection: Connection, session_id: str) -> int | None:
    """The size of a session that nobody else changes until the transaction ends; ``None`` when it is gone."""
    size: int | None = connection.execute(_LOCK, {"session": session_id}).scalar()
    return size


def put_part(connection: Connection, session_id: str, part: Part) -> None:
    """Record a part, in place of the one of the same number, under :func:`lock`."""
    _PUT_PART(connection, _row(session_id, part))
    connection.execute(_MEASURE, {"session": session_id})


def add_part(connection: Connection, session_id: str, part: Part) -> None:
    """Record a part behind the last one, under :func:`lock`."""
    connection.execute(_ADD_PART, _row(session_id, part))
    connection.execute(_MEASURE, {"session": session_id})


def last_number(connection: Connection, session_id: str) -> int:
    """The highest number of a part; 0 without parts."""
    number: int = connection.execute(_LAST, {"session": session_id}).scalar_one()
    return number


def parts(connection: Connection, session_id: str, after: int, limit: int) -> list[Part]:
    """The parts with numbers above ``after``, in order."""
    rows = connection.execute(_PARTS, {"session": session_id, "after": after, "limit": limit})
    return [_part(row) for row in rows]


def remove(connection: Connection, session_id: str) -> None:
    """Forget a session and its parts."""
    connection.execute(_REMOVE, {"session": session_id})


def reap(connection: Connection, now: int, most: int) -> int:
    """Forget up to ``most`` expired sessions; how many."""
    gone = list(connection.execute(_EXPIRED, {"now": now, "most": most}).scalars())
    if gone:
        connection.execute(_REMOVE_MANY, {"sessions": gone})
    return len(gone)


def _row(session_id: str, part: Part) -> dict[str, Any]:
    return {"session_id": session_id, **msgspec.structs.asdict(part)}


def _session(row: Row[*tuple[Any, ...]]) -> Session:
    return Session(**{**row._mapping, "details": msgspec.json.decode(row.details)})


def _part(row: Row[*tuple[Any, ...]]) -> Part:
    return Part(number=row.number, file_hash=row.file_hash, sha256=row.sha256, size=row.size)
