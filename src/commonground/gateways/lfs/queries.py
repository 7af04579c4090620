"""SQL of multipart uploads."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, select, update

from commonground.database.conflict import insert_or_ignore
from commonground.database.schema.store import multipart_upload as _u

_FIND = select(_u).where(_u.c.id == bindparam("upload"))
_LOCK = _FIND.with_for_update()
_SET_PARTS = update(_u).where(_u.c.id == bindparam("upload")).values(parts=bindparam("new_parts"))
_DELETE = delete(_u).where(_u.c.id == bindparam("upload"))
_EXPIRED = (
    select(_u.c.id).where(_u.c.created_at < bindparam("before")).order_by(_u.c.created_at).limit(bindparam("most"))
)
_insert = insert_or_ignore(_u)


class Upload(msgspec.Struct, frozen=True):
    """A multipart upload; ``parts`` maps the numbers of the parts that arrived to their ETags."""

    id: str
    account_id: int
    sha256: bytes
    size: int
    part_size: int
    parts: dict[int, str]

    @property
    def count(self) -> int:
        """How many parts it has when it is complete."""
        return -(-self.size // self.part_size)

    def length(self, part: int) -> int:
        """Bytes of a part, which counts from 1."""
        return min(self.part_size, self.size - (part - 1) * self.part_size)


def begin(
    connection: Connection, upload: str, account_id: int, sha256: bytes, size: int, part_size: int, now: int
) -> Upload:
    """The upload with this id, begun now if there is none."""
    values = {"id": upload, "account_id": account_id, "sha256": sha256, "size": size, "part_size": part_size}
    _insert(connection, {**values, "parts": "{}", "created_at": now})
    found = find(connection, upload)
    assert found is not None
    return found


def find(connection: Connection, upload: str) -> Upload | None:
    """One upload, or ``None``."""
    row = connection.execute(_FIND, {"upload": upload}).first()
    return _decode(row) if row else None


def add_part(connection: Connection, upload: str, part: int, etag: str) -> bool:
    """Note that a part arrived; ``False`` if the upload is gone."""
    row = connection.execute(_LOCK, {"upload": upload}).first()
    if row is None:
        return False
    parts = _decode(row).parts | {part: etag}
    connection.execute(_SET_PARTS, {"upload": upload, "new_parts": msgspec.json.encode(parts).decode()})
    return True


def remove(connection: Connection, upload: str) -> None:
    """Forget an upload."""
    connection.execute(_DELETE, {"upload": upload})


def expired(connection: Connection, before: int, most: int) -> Sequence[str]:
    """Ids of uploads that began before a time, oldest first."""
    return connection.execute(_EXPIRED, {"before": before, "most": most}).scalars().all()


def _decode(row: Row[Any]) -> Upload:
    parts = msgspec.json.decode(row.parts, type=dict[int, str])
    return Upload(row.id, row.account_id, row.sha256, row.size, row.part_size, parts)
