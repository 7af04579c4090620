"""SQL of git objects and of the leases that keep gc away from them."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, or_, select

from commonground.database.conflict import insert_or_ignore
from commonground.database.schema.hub import git_object, repository, upload_lease
from commonground.database.schema.store import file_link
from commonground.errors import CorruptBlob, ObjectConflict
from commonground.hub.revisions.objects import BLOB, COMMIT, GitObject, pack

T = TypeVar("T")

RAW, DEFLATED, STORED = 0, 1, 2
BLOCK = 500  # ids in one statement

_COLUMNS = (
    git_object.c.sha,
    git_object.c.kind,
    git_object.c.size,
    git_object.c.encoding,
    git_object.c.data,
    git_object.c.file_hash,
    git_object.c.pointer_sha256,
    git_object.c.pointer_size,
)
_MINE = git_object.c.repository_id == bindparam("repository_id")
_AMONG = git_object.c.sha.in_(bindparam("shas", expanding=True))
_ONE = select(*_COLUMNS).where(_MINE, git_object.c.sha == bindparam("sha"))
_MANY = select(*_COLUMNS).where(_MINE, _AMONG)
_KNOWN = select(git_object.c.sha, git_object.c.kind).where(_MINE, _AMONG)
_POINTERS = select(git_object.c.sha, git_object.c.pointer_sha256).where(
    _MINE, git_object.c.pointer_sha256.in_(bindparam("shas", expanding=True))
)
_SIZES = select(git_object.c.sha, git_object.c.size, git_object.c.pointer_sha256, git_object.c.pointer_size).where(
    _MINE, _AMONG, git_object.c.kind == BLOB
)
_COMMITS_FROM = (
    select(git_object.c.sha)
    .where(
        _MINE,
        git_object.c.sha >= bindparam("low"),
        git_object.c.sha <= bindparam("high"),
        git_object.c.kind == COMMIT,
    )
    .limit(bindparam("count"))
)
_PAGE = (
    select(git_object.c.sha, git_object.c.created_at)
    .where(_MINE, git_object.c.sha > bindparam("after"))
    .order_by(git_object.c.sha)
    .limit(bindparam("count"))
)
_DELETE = delete(git_object).where(_MINE, _AMONG, git_object.c.created_at < bindparam("before"))
_LEASED = (
    select(func.count())
    .select_from(upload_lease)
    .where(upload_lease.c.repository_id == bindparam("repository_id"), upload_lease.c.expires_at > bindparam("now"))
)
_LOCK = select(repository.c.id).where(repository.c.id == bindparam("repository_id")).with_for_update()
_CONTENT = select(git_object.c.pointer_sha256, git_object.c.file_hash).where(
    _MINE, or_(git_object.c.pointer_sha256.is_not(None), git_object.c.file_hash.is_not(None))
)
_LINK = select(file_link.c.file_hash).where(
    file_link.c.repository_id == bindparam("repository_id"), file_link.c.file_hash == bindparam("file_hash")
)
_add = insert_or_ignore(git_object)


def blocks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """``items`` in parts small enough for one statement."""
    return (items[start : start + BLOCK] for start in range(0, len(items), BLOCK))


def get_object(connection: Connection, repository_id: int, sha: bytes) -> GitObject | None:
    """One object, or ``None``."""
    row = connection.execute(_ONE, {"repository_id": repository_id, "sha": sha}).first()
    return None if row is None else _decode(row)


def get_objects(connection: Connection, repository_id: int, shas: Iterable[bytes]) -> dict[bytes, GitObject]:
    """Those of the objects that exist, by id."""
    rows = _select(connection, _MANY, repository_id, shas)
    return {row.sha: _decode(row) for row in rows}


def known_kinds(connection: Connection, repository_id: int, shas: Iterable[bytes]) -> dict[bytes, int]:
    """Kinds of those of the objects that exist, by id."""
    return {row.sha: row.kind for row in _select(connection, _KNOWN, repository_id, shas)}


def blob_sizes(
    connection: Connection, repository_id: int, shas: Iterable[bytes]
) -> dict[bytes, tuple[int, bytes | None, int]]:
    """By id: size of the blob, and of an LFS pointer the SHA-256 and size of its content."""
    rows = _select(connection, _SIZES, repository_id, shas)
    return {row.sha: (row.size, row.pointer_sha256, row.pointer_size or 0) for row in rows}


def commits_with_prefix(connection: Connection, repository_id: int, prefix: str, count: int) -> list[bytes]:
    """Up to ``count`` commits whose id starts with these hex digits."""
    low, high = bytes.fromhex(prefix.ljust(40, "0")), bytes.fromhex(prefix.ljust(40, "f"))
    values = {"repository_id": repository_id, "low": low, "high": high, "count": count}
    return list(connection.execute(_COMMITS_FROM, values).scalars())


def add_objects(connection: Connection, repository_id: int, objects: Iterable[GitObject], now: int) -> int:
    """Insert objects that are new; how many were. :class:`ObjectConflict` if a known id has another body."""
    unique = {item.sha: item for item in objects}
    known = get_objects(connection, repository_id, unique)
    for sha, old in known.items():
        new = unique.pop(sha)
        if _differ(old, new):
            raise ObjectConflict(oid=sha.hex())
    # In one order, so that two pushes of the same objects wait for each other instead of locking each other out.
    _add(connection, [_encode(repository_id, unique[sha], now) for sha in sorted(unique)])
    return len(unique)


def _differ(old: GitObject, new: GitObject) -> bool:
    bodies = old.body is not None and new.body is not None and old.body != new.body
    stored = bool(old.file_hash and new.file_hash and old.file_hash != new.file_hash)
    return old.kind != new.kind or old.size != new.size or bodies or stored


def pointers_to(connection: Connection, repository_id: int, sha256s: Iterable[bytes]) -> dict[bytes, bytes]:
    """Ids of the LFS pointer blobs that name any of these contents, each with the SHA-256 it names."""
    rows = _select(connection, _POINTERS, repository_id, sha256s)
    return {row.sha: row.pointer_sha256 for row in rows}


def objects_after(connection: Connection, repository_id: int, after: bytes, count: int) -> list[tuple[bytes, int]]:
    """The next objects in the order of their ids: id and time of arrival."""
    values = {"repository_id": repository_id, "after": after, "count": count}
    return [(row.sha, row.created_at) for row in connection.execute(_PAGE, values)]


def delete_objects(connection: Connection, repository_id: int, shas: Sequence[bytes], before: int) -> int:
    """Delete those of the objects that arrived before a time; how many."""
    values = {"repository_id": repository_id, "before": before}
    return sum(connection.execute(_DELETE, {**values, "shas": list(block)}).rowcount for block in blocks(shas))


def named_content(connection: Connection, repository_id: int) -> set[bytes]:
    """Hashes of all content that objects of the repository name: SHA-256 of pointers, file hashes of large blobs."""
    rows = connection.execute(_CONTENT, {"repository_id": repository_id})
    return {value for row in rows for value in row if value}


def is_linked(connection: Connection, repository_id: int, file_hash: bytes) -> bool:
    """Whether the store keeps a file for this repository."""
    return connection.execute(_LINK, {"repository_id": repository_id, "file_hash": file_hash}).first() is not None


def lock_repository(connection: Connection, repository_id: int) -> bool:
    """Hold the row of the repository until the transaction ends; ``False`` if it is gone."""
    return connection.execute(_LOCK, {"repository_id": repository_id}).first() is not None


def take_lease(connection: Connection, repository_id: int, expires_at: int) -> int:
    """Announce an upload: gc leaves the objects of the repository alone until the lease is given back or expires."""
    lock_repository(connection, repository_id)
    statement = insert(upload_lease).values(repository_id=repository_id, expires_at=expires_at)
    return int(connection.execute(statement.returning(upload_lease.c.id)).scalar_one())


def release_lease(connection: Connection, lease: int) -> None:
    """Give a lease back."""
    connection.execute(delete(upload_lease).where(upload_lease.c.id == lease))


def is_leased(connection: Connection, repository_id: int, now: int) -> bool:
    """Whether an upload is under way."""
    return bool(connection.execute(_LEASED, {"repository_id": repository_id, "now": now}).scalar())


def _select(connection: Connection, statement: Any, repository_id: int, shas: Iterable[bytes]) -> Iterator[Row[Any]]:
    for block in blocks(list(shas)):
        yield from connection.execute(statement, {"repository_id": repository_id, "shas": list(block)})


def _encode(repository_id: int, item: GitObject, now: int) -> dict[str, Any]:
    item = pack(item)
    inline = item.file_hash is None
    encoding = STORED if not inline else RAW if item.packed is item.body else DEFLATED
    sha256, size = item.pointer or (None, None)
    return {
        "repository_id": repository_id,
        "sha": item.sha,
        "kind": item.kind,
        "size": item.size,
        "encoding": encoding,
        "data": item.packed if inline else None,
        "file_hash": item.file_hash,
        "pointer_sha256": sha256,
        "pointer_size": size,
        "created_at": now,
    }


def _decode(row: Any) -> GitObject:
    body = row.data
    if row.encoding == DEFLATED:
        try:
            body = zlib.decompress(row.data)
        except zlib.error as error:
            raise CorruptBlob(oid=row.sha.hex()) from error
    pointer = (row.pointer_sha256, row.pointer_size) if row.kind == BLOB and row.pointer_sha256 else None
    return GitObject(row.sha, row.kind, row.size, body, row.file_hash, pointer)
