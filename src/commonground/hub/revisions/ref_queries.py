"""SQL of refs, and of what a repository row derives from the head of its default branch."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, or_, select, update

from commonground.database.conflict import insert_or_ignore
from commonground.database.prepared import Prepared
from commonground.database.schema.hub import ref, repository
from commonground.hub.revisions.model import Ref
from commonground.hub.revisions.refnames import PULLS

_MINE = ref.c.repository_id == bindparam("repository")
_COLUMNS = (ref.c.name, ref.c.sha, ref.c.target)
_ALL = select(*_COLUMNS).where(_MINE).order_by(ref.c.name)
_EITHER = Prepared(
    select(*_COLUMNS).where(_MINE, or_(ref.c.name == bindparam("first"), ref.c.name == bindparam("second")))
)
_AMONG = select(*_COLUMNS).where(_MINE, ref.c.name.in_(bindparam("names", expanding=True)))
_BELOW = select(ref.c.name).where(_MINE, ref.c.name.like(bindparam("pattern"), escape="\\"))
_MOVE = (
    update(ref)
    .where(_MINE, ref.c.name == bindparam("ref_name"), ref.c.sha == bindparam("old"))
    .values(sha=bindparam("new"), target=bindparam("new_target"), updated_at=bindparam("now"))
    .execution_options(preserve_rowcount=True)
)
_REMOVE = delete(ref).where(_MINE, ref.c.name == bindparam("ref_name"), ref.c.sha == bindparam("old"))
# Strictly growing, so that equal values mean equal refs: answers about reachability are kept under it.
_NEXT_MOMENT = case((repository.c.updated_at >= bindparam("now"), repository.c.updated_at + 1), else_=bindparam("now"))
_TOUCH = update(repository).where(repository.c.id == bindparam("repository")).values(updated_at=_NEXT_MOMENT)
_HEAD = _TOUCH.values(head=bindparam("new"))
_DEFAULT = select(repository.c.default_branch).where(repository.c.id == bindparam("repository"))
_ADD_STORAGE = (
    update(repository)
    .where(repository.c.id == bindparam("repository"))
    .values(used_storage=repository.c.used_storage + bindparam("bytes"))
)
_insert = insert_or_ignore(ref)


def _ref(row: Any) -> Ref:
    return Ref(row.name, row.sha.hex(), row.target.hex())


def all_refs(connection: Connection, repository_id: int) -> list[Ref]:
    """Every ref, by name."""
    return [_ref(row) for row in connection.execute(_ALL, {"repository": repository_id})]


def find_ref(connection: Connection, repository_id: int, names: tuple[str, str]) -> Ref | None:
    """The first of two refs that exists."""
    values = {"repository": repository_id, "first": names[0], "second": names[1]}
    found = {row.name: row for row in _EITHER.all(connection, values)}
    row = found.get(names[0]) or found.get(names[1])
    return _ref(row) if row else None


def refs_named(connection: Connection, repository_id: int, names: Iterable[str]) -> dict[str, Ref]:
    """Those of the refs that exist, by name."""
    rows = connection.execute(_AMONG, {"repository": repository_id, "names": list(names)})
    return {row.name: _ref(row) for row in rows}


def last_pull(connection: Connection, repository_id: int) -> int:
    """The largest N of the ``refs/pr/N`` there are, or 0."""
    numbers = (name.removeprefix(PULLS) for name in refs_below(connection, repository_id, PULLS.rstrip("/")))
    return max((int(number) for number in numbers if number.isdecimal()), default=0)


def refs_below(connection: Connection, repository_id: int, name: str) -> list[str]:
    """Names of refs that have ``name`` as a folder."""
    pattern = name.replace("%", "\\%").replace("_", "\\_") + "/%"
    rows = connection.execute(_BELOW, {"repository": repository_id, "pattern": pattern}).scalars()
    return [found for found in rows if found.startswith(f"{name}/")]  # SQLite's LIKE ignores case


def add_ref(connection: Connection, repository_id: int, name: str, sha: bytes, target: bytes, now: int) -> bool:
    """Create a ref; ``False`` if it exists."""
    row = {"repository_id": repository_id, "name": name, "sha": sha, "target": target, "updated_at": now}
    return _insert(connection, row) == 1


def move_ref(
    connection: Connection, repository_id: int, name: str, old: bytes, new: bytes, target: bytes, now: int
) -> bool:
    """Point a ref from ``old`` to ``new``; ``False`` if it is not at ``old`` any more."""
    values = {"repository": repository_id, "ref_name": name, "old": old, "new": new, "new_target": target, "now": now}
    return connection.execute(_MOVE, values).rowcount == 1


def remove_ref(connection: Connection, repository_id: int, name: str, old: bytes) -> bool:
    """Delete a ref; ``False`` if it is not at ``old`` any more."""
    return connection.execute(_REMOVE, {"repository": repository_id, "ref_name": name, "old": old}).rowcount == 1


def touch(connection: Connection, repository_id: int, now: int) -> bool:
    """Mark that refs changed, and hold the repository's row until the transaction ends; ``False`` if it is gone."""
    return connection.execute(_TOUCH, {"repository": repository_id, "now": now}).rowcount == 1


def set_head(connection: Connection, repository_id: int, head: bytes | None, now: int) -> None:
    """Record the head of the default branch."""
    connection.execute(_HEAD, {"repository": repository_id, "new": head, "now": now})


def add_storage(connection: Connection, repository_id: int, difference: int) -> None:
    """Count bytes of content that a repository began, or ceased, to use."""
    if difference:
        connection.execute(_ADD_STORAGE, {"repository": repository_id, "bytes": difference})


def default_branch(connection: Connection, repository_id: int) -> str | None:
    """Short name of the default branch; ``None`` if there is no such repository."""
    return connection.execute(_DEFAULT, {"repository": repository_id}).scalar()
