"""Which content of the store a repository uses, and how many bytes it has in all."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from commonground.hub.revisions import object_queries, ref_queries
from commonground.store.model import StoredFile
from commonground.store.service import Store


def use(
    connection: Connection,
    store: Store,
    repository_id: int,
    account_id: int | None,
    files: Iterable[tuple[StoredFile, str]],
) -> None:
    """Link files, each with the path it is for, and count those that are new to the repository."""
    object_queries.lock_repository(connection, repository_id)
    added = sum(file.size for file, path in files if store.link(connection, repository_id, account_id, file, path))
    ref_queries.add_storage(connection, repository_id, added)


def disuse(connection: Connection, store: Store, repository_id: int, file_hashes: Sequence[bytes]) -> None:
    """End the use of files: gc frees what nobody else uses."""
    object_queries.lock_repository(connection, repository_id)
    ref_queries.add_storage(connection, repository_id, -store.unlink(connection, repository_id, file_hashes))
