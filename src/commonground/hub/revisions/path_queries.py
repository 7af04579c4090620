"""SQL of the path index: every path of an indexed branch, with the commit that changed it last."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, select

from commonground.database.conflict import upsert
from commonground.database.schema.hub import git_object, path_entry, path_index
from commonground.hub.revisions.object_queries import blocks


class IndexedPath(NamedTuple):
    """A path of an indexed branch; ids are 20 raw bytes."""

    path: str
    mode: int
    sha: bytes
    last_commit: bytes


class IndexedFile(NamedTuple):
    """What a path names, found in one statement. ``size`` is ``None`` for what is no blob of this repository."""

    mode: int
    sha: bytes
    size: int | None
    pointer_sha256: bytes | None
    pointer_size: int | None


_MINE = and_(path_entry.c.repository_id == bindparam("repository"), path_entry.c.ref == bindparam("ref_name"))
_COMMIT = select(path_index.c.commit).where(
    path_index.c.repository_id == bindparam("repository"), path_index.c.ref == bindparam("ref_name")
)
_REFS = select(path_index.c.ref, path_index.c.commit).where(path_index.c.repository_id == bindparam("repository"))
_FORGET = delete(path_index).where(
    path_index.c.repository_id == bindparam("repository"), path_index.c.ref == bindparam("ref_name")
)
_FILE = (
    select(
        path_entry.c.mode,
        path_entry.c.sha,
        git_object.c.size,
        git_object.c.pointer_sha256,
        git_object.c.pointer_size,
    )
    .select_from(
        path_index.join(
            path_entry,
            and_(path_entry.c.repository_id == path_index.c.repository_id, path_entry.c.ref == path_index.c.ref),
        ).outerjoin(
            git_object,
            and_(git_object.c.repository_id == path_entry.c.repository_id, git_object.c.sha == path_entry.c.sha),
        )
    )
    .where(
        path_index.c.repository_id == bindparam("repository"),
        path_index.c.ref == bindparam("ref_name"),
        path_index.c.commit == bindparam("commit_sha"),
        path_entry.c.path == bindparam("wanted"),
    )
)
_LAST = (
    select(path_entry.c.path, path_entry.c.last_commit)
    .join(
        path_index,
        and_(path_index.c.repository_id == path_entry.c.repository_id, path_index.c.ref == path_entry.c.ref),
    )
    .where(
        _MINE,
        path_index.c.commit == bindparam("commit_sha"),
        path_entry.c.path.in_(bindparam("paths", expanding=True)),
    )
)
_PAGE = (
    select(path_entry.c.path, path_entry.c.mode, path_entry.c.sha, path_entry.c.last_commit)
    .where(_MINE, path_entry.c.path > bindparam("after"))
    .order_by(path_entry.c.path)
    .limit(bindparam("count"))
)
_REMOVE = delete(path_entry).where(_MINE, path_entry.c.path.in_(bindparam("paths", expanding=True)))
_CLEAR = delete(path_entry).where(_MINE)
_put = upsert(path_entry, ["repository_id", "ref", "path"], ["mode", "sha", "last_commit"])
_complete = upsert(path_index, ["repository_id", "ref"], ["commit"])


def indexed_commit(connection: Connection, repository_id: int, ref: str) -> bytes | None:
    """The commit the index of a ref is complete for."""
    return connection.execute(_COMMIT, {"repository": repository_id, "ref_name": ref}).scalar()


def indexed_refs(connection: Connection, repository_id: int) -> dict[bytes, str]:
    """Commits some index is complete for, and its ref."""
    return {row.commit: row.ref for row in connection.execute(_REFS, {"repository": repository_id})}


def indexed_file(connection: Connection, repository_id: int, ref: str, commit: bytes, path: str) -> IndexedFile | None:
    """What ``path`` is at ``commit``; ``None`` if there is no such path or the index is of another commit."""
    values = {"repository": repository_id, "ref_name": ref, "commit_sha": commit, "wanted": path}
    row = connection.execute(_FILE, values).first()
    return IndexedFile(*row) if row else None


def last_commits(
    connection: Connection, repository_id: int, ref: str, commit: bytes, paths: Sequence[str]
) -> dict[str, bytes]:
    """By path, for those that exist: the last commit; nothing if the index is of another commit by now."""
    values: dict[str, Any] = {"repository": repository_id, "ref_name": ref, "commit_sha": commit}
    rows = (row for block in blocks(paths) for row in connection.execute(_LAST, {**values, "paths": list(block)}))
    return {row.path: row.last_commit for row in rows}


def paths_after(connection: Connection, repository_id: int, ref: str, after: str, count: int) -> list[IndexedPath]:
    """The next paths in byte order."""
    values = {"repository": repository_id, "ref_name": ref, "after": after, "count": count}
    return [IndexedPath(*row) for row in connection.execute(_PAGE, values)]


def put_paths(connection: Connection, repository_id: int, ref: str, paths: Iterable[IndexedPath]) -> None:
    """Insert or replace paths."""
    rows = [{"repository_id": repository_id, "ref": ref, **path._asdict()} for path in paths]
    _put(connection, rows)


def remove_paths(connection: Connection, repository_id: int, ref: str, paths: Sequence[str]) -> None:
    """Delete paths."""
    values: dict[str, Any] = {"repository": repository_id, "ref_name": ref}
    for block in blocks(paths):
        connection.execute(_REMOVE, {**values, "paths": list(block)})


def clear_paths(connection: Connection, repository_id: int, ref: str) -> None:
    """Delete every path of a ref."""
    connection.execute(_CLEAR, {"repository": repository_id, "ref_name": ref})


def set_indexed(connection: Connection, repository_id: int, ref: str, commit: bytes) -> None:
    """Declare the index complete for a commit."""
    _complete(connection, {"repository_id": repository_id, "ref": ref, "commit": commit})


def forget_index(connection: Connection, repository_id: int, ref: str) -> None:
    """Declare the index incomplete, because its ref is gone."""
    connection.execute(_FORGET, {"repository": repository_id, "ref_name": ref})
