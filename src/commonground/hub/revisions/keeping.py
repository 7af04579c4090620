"""Content that a repository uses beside its git objects: blobs of OCI manifests. gc leaves it alone."""

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, bindparam, delete, select

from commonground.database.conflict import insert_or_ignore
from commonground.database.schema.hub import content_use, git_object
from commonground.hub.revisions import contents
from commonground.store.model import StoredFile
from commonground.store.service import Store

_ADD = insert_or_ignore(content_use)
_MINE = content_use.c.repository_id == bindparam("repository")
_REMOVE = delete(content_use).where(_MINE, content_use.c.used_by == bindparam("user"))
_ALL = select(content_use.c.sha256).where(_MINE)
_USED = select(content_use.c.sha256).where(_MINE, content_use.c.sha256 == bindparam("sha256")).limit(1)
_IN_GIT = (
    select(git_object.c.sha)
    .where(
        git_object.c.repository_id == bindparam("repository"),
        (git_object.c.pointer_sha256 == bindparam("sha256")) | (git_object.c.file_hash == bindparam("file")),
    )
    .limit(1)
)


def keep(
    connection: Connection,
    store: Store,
    repository_id: int,
    account_id: int | None,
    files: Collection[StoredFile],
    used_by: str,
) -> None:
    """Link files for what is called ``used_by``. The caller has asked :meth:`Store.usable`."""
    contents.use(connection, store, repository_id, account_id, ((file, "") for file in files))
    rows = ({"repository_id": repository_id, "sha256": file.sha256, "used_by": used_by} for file in files)
    _ADD(connection, list(rows))


def release(connection: Connection, repository_id: int, used_by: str) -> None:
    """End one use. Content that nothing else uses goes with the next gc of the repository, or with :func:`drop`."""
    connection.execute(_REMOVE, {"repository": repository_id, "user": used_by})


def drop(connection: Connection, store: Store, repository_id: int, file: StoredFile) -> bool:
    """End the repository's link to a file at once; ``False`` where something still uses it."""
    values = {"repository": repository_id, "sha256": file.sha256, "file": file.hash}
    if connection.execute(_USED, values).first() or connection.execute(_IN_GIT, values).first():
        return False
    contents.disuse(connection, store, repository_id, [file.hash])
    return True


def kept(connection: Connection, repository_id: int) -> Iterable[bytes]:
    """The SHA-256 of everything in use."""
    return connection.execute(_ALL, {"repository": repository_id}).scalars().all()
