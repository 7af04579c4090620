"""SQL of browser sessions and one-time links."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from commonground.database.schema.accounts import account, one_time_link, session

_ADD_SESSION = insert(session)
_REMOVE_SESSION = delete(session).where(session.c.digest == bindparam("key"))
_REMOVE_SESSIONS = delete(session).where(session.c.account_id == bindparam("owner"))
_REMOVE_EXPIRED = delete(session).where(session.c.expires_at <= bindparam("now"))
_SESSION_ACCOUNT = (
    select(account.c.id)
    .select_from(session.join(account, account.c.id == session.c.account_id))
    .where(session.c.digest == bindparam("digest"), session.c.expires_at > bindparam("now"))
)

_ADD_LINK = insert(one_time_link)
_LINK = select(one_time_link.c.purpose, one_time_link.c.details).where(
    one_time_link.c.digest == bindparam("digest"),
    one_time_link.c.used_at.is_(None),
    one_time_link.c.expires_at > bindparam("now"),
)
_NEWEST_LINK = select(func.max(one_time_link.c.created_at)).where(one_time_link.c.purpose == bindparam("purpose"))
_USE_LINK = (
    update(one_time_link)
    .where(one_time_link.c.digest == bindparam("key"), one_time_link.c.used_at.is_(None))
    .values(used_at=bindparam("moment"))
)
_REMOVE_OLD_LINKS = delete(one_time_link).where(one_time_link.c.expires_at <= bindparam("now"))


def add_session(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert a session."""
    connection.execute(_ADD_SESSION, dict(values))


def remove_session(connection: Connection, digest: bytes) -> None:
    """Delete a session, if there is one."""
    connection.execute(_REMOVE_SESSION, {"key": digest})


def remove_sessions_of(connection: Connection, account_id: int) -> None:
    """Delete all sessions of an account."""
    connection.execute(_REMOVE_SESSIONS, {"owner": account_id})


def remove_expired(connection: Connection, now: int) -> None:
    """Delete what has run out: sessions and one-time links."""
    connection.execute(_REMOVE_EXPIRED, {"now": now})
    connection.execute(_REMOVE_OLD_LINKS, {"now": now})


def account_of_session(connection: Connection, digest: bytes, now: int) -> int | None:
    """The account that is signed in with this cookie."""
    found: int | None = connection.execute(_SESSION_ACCOUNT, {"digest": digest, "now": now}).scalar()
    return found


def add_link(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert a one-time link."""
    connection.execute(_ADD_LINK, dict(values))


def open_link(connection: Connection, digest: bytes, now: int) -> tuple[str, str] | None:
    """Purpose and details (JSON) of a link that was not used and has not expired."""
    row = connection.execute(_LINK, {"digest": digest, "now": now}).first()
    return None if row is None else (row[0], row[1])


def newest_link(connection: Connection, purpose: str) -> int | None:
    """When the latest link for a purpose was made."""
    moment: int | None = connection.execute(_NEWEST_LINK, {"purpose": purpose}).scalar()
    return moment


def use_link(connection: Connection, digest: bytes, now: int) -> bool:
    """Mark a link as used; ``False`` when somebody else was first."""
    return connection.execute(_USE_LINK, {"key": digest, "moment": now}).rowcount > 0
