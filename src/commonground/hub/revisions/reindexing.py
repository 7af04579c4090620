"""Builds the path index of a default branch in the background, in small transactions."""

import os

from sqlalchemy import Connection

from commonground.hub.revisions import object_queries, path_queries, ref_queries
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.path_index import apply_delta, batches, full_index, plan_delta
from commonground.hub.revisions.path_queries import IndexedPath
from commonground.hub.revisions.refnames import HEADS

BATCH = 500  # a commit waits for one transaction of ~25 ms; 5,000 rows took 230 ms
ROUNDS = 5


class _Overtaken(Exception):
    """Another builder started after this one."""


class Reindexing:
    """Handler of the task that publishing enqueues when it cannot bring the index along."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def reindex(self, repository_id: int) -> bool:
        """Make the index of the default branch complete; ``False`` if it is gone, or moved too far meanwhile."""
        for _ in range(ROUNDS):
            found = await self._context.database.read(self._head, repository_id)
            if found is None:
                return False
            ref, head, indexed = found
            if head == indexed:
                return True
            try:
                await self._rebuild(repository_id, ref, head)
            except _Overtaken:
                return False
        return False

    async def _rebuild(self, repository_id: int, ref: str, head: bytes) -> None:
        """While rows are written, a random number stands where the commit is named: readers do not use the index, and
        a second builder takes it over.
        """
        database, mark = self._context.database, os.urandom(20)
        paths = await database.read(self._full, repository_id, head)
        await database.write(path_queries.set_indexed, repository_id, ref, mark)
        wanted = {path.path for path in paths}
        after = ""
        while rows := await database.read(path_queries.paths_after, repository_id, ref, after, BATCH):
            gone = [row.path for row in rows if row.path not in wanted]
            await database.write(self._write, repository_id, ref, mark, [], gone)
            after = rows[-1].path
        for batch in batches(paths, BATCH):
            await database.write(self._write, repository_id, ref, mark, batch, [])
        await database.write(self._finish, repository_id, ref, mark, head)

    def _write(
        self, connection: Connection, repository_id: int, ref: str, mark: bytes, put: list[IndexedPath], gone: list[str]
    ) -> None:
        _check_mark(connection, repository_id, ref, mark)
        path_queries.remove_paths(connection, repository_id, ref, gone)
        path_queries.put_paths(connection, repository_id, ref, put)

    def _finish(self, connection: Connection, repository_id: int, ref: str, mark: bytes, head: bytes) -> None:
        """Name the commit, and go on to where the branch is by now if that is near."""
        object_queries.lock_repository(connection, repository_id)
        _check_mark(connection, repository_id, ref, mark)
        path_queries.set_indexed(connection, repository_id, ref, head)
        found = self._head(connection, repository_id)
        if found is not None and found[:2] != (ref, head):
            view = self._context.view(connection, repository_id)
            apply_delta(connection, repository_id, ref, plan_delta(view, head, found[1]))

    def _full(self, connection: Connection, repository_id: int, head: bytes) -> list[IndexedPath]:
        return full_index(self._context.view(connection, repository_id), head)

    def _head(self, connection: Connection, repository_id: int) -> tuple[str, bytes, bytes | None] | None:
        branch = ref_queries.default_branch(connection, repository_id)
        ref = f"{HEADS}{branch}"
        found = ref_queries.find_ref(connection, repository_id, (ref, ref))
        if found is None:
            return None
        return ref, bytes.fromhex(found.target), path_queries.indexed_commit(connection, repository_id, ref)


def _check_mark(connection: Connection, repository_id: int, ref: str, mark: bytes) -> None:
    if path_queries.indexed_commit(connection, repository_id, ref) != mark:
        raise _Overtaken
