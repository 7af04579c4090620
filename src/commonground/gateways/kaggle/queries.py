"""SQL of the checksums that were computed."""

from sqlalchemy import Connection, bindparam, select

from commonground.database.conflict import insert_or_ignore
from commonground.database.schema.store import content_md5 as _m

_FIND = select(_m.c.md5).where(_m.c.sha256 == bindparam("sha256"))
_insert = insert_or_ignore(_m)


def find_md5(connection: Connection, sha256: bytes) -> bytes | None:
    """The MD5 of the content with this SHA-256, if it is known; both raw."""
    found = connection.execute(_FIND, {"sha256": sha256}).scalar()
    return None if found is None else bytes(found)


def keep_md5(connection: Connection, sha256: bytes, md5: bytes) -> None:
    """Remember an MD5."""
    _insert(connection, {"sha256": sha256, "md5": md5})
