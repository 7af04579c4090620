"""Deletes objects that no ref leads to."""

from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection

from commonground.hub.repositories.model import Repository
from commonground.hub.revisions import contents, keeping, object_queries, ref_queries
from commonground.hub.revisions.closure import reachable_objects
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.model import Ref

BATCH = 2_000


class Collected(msgspec.Struct, frozen=True, kw_only=True):
    """What gc found: ``objects`` in all, those ``unreachable`` for longer than an upload may take, and how many objects
    and links to content it deleted.
    """

    objects: int
    unreachable: int
    deleted: int = 0
    unlinked: int = 0


class _Unsafe(Exception):
    """Refs moved, or an upload began, since reachability was worked out."""


class Collecting:
    """Garbage collection of one repository at a time."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def gc(self, repository: Repository, *, dry_run: bool = False) -> Collected:
        """Delete unreachable objects and the links to content that only they needed. Safe beside pushes and commits:
        every deletion checks that no ref has moved and no upload is under way, else it leaves the rest to the next run.
        """
        before = self._context.clock() - self._context.settings.upload_lease_seconds * 1000
        refs, garbage, count = await self._context.database.read(self._garbage, repository.id, before)
        found = Collected(objects=count, unreachable=len(garbage))
        if dry_run:
            return found
        deleted = unlinked = 0
        try:
            for start in range(0, len(garbage), BATCH):
                batch = garbage[start : start + BATCH]
                deleted += await self._context.database.write(self._delete, repository.id, refs, batch, before)
            unlinked = await self._context.database.write(self._unlink, repository.id, refs, before)
        except _Unsafe:
            pass
        return msgspec.structs.replace(found, deleted=deleted, unlinked=unlinked)

    def _garbage(self, connection: Connection, repository_id: int, before: int) -> tuple[list[Ref], list[bytes], int]:
        refs = ref_queries.all_refs(connection, repository_id)
        view = self._context.view(connection, repository_id)
        reachable = reachable_objects(view, [bytes.fromhex(ref.sha) for ref in refs])
        garbage, count = [], 0
        for sha, created_at in all_objects(connection, repository_id):
            count += 1
            if sha not in reachable and created_at < before:
                garbage.append(sha)
        return refs, garbage, count

    def _delete(
        self, connection: Connection, repository_id: int, refs: list[Ref], shas: list[bytes], before: int
    ) -> int:
        self._check_safe(connection, repository_id, refs)
        return object_queries.delete_objects(connection, repository_id, shas, before)

    def _unlink(self, connection: Connection, repository_id: int, refs: list[Ref], before: int) -> int:
        self._check_safe(connection, repository_id, refs)
        needed = object_queries.named_content(connection, repository_id).union(keeping.kept(connection, repository_id))
        store = self._context.store
        gone: list[bytes] = []
        after = b""
        while links := store.links(connection, repository_id, after):
            after = links[-1].file_hash
            gone += [
                link.file_hash
                for link in links
                if link.created_at < before and link.file_hash not in needed and link.sha256 not in needed
            ]
        if gone:
            contents.disuse(connection, store, repository_id, gone)
        return len(gone)

    def _check_safe(self, connection: Connection, repository_id: int, refs: list[Ref]) -> None:
        object_queries.lock_repository(connection, repository_id)
        leased = object_queries.is_leased(connection, repository_id, self._context.clock())
        if leased or ref_queries.all_refs(connection, repository_id) != refs:
            raise _Unsafe


def all_objects(connection: Connection, repository_id: int) -> Iterator[tuple[bytes, int]]:
    """Id and time of arrival of every object, a page in memory at a time."""
    after = b""
    while page := object_queries.objects_after(connection, repository_id, after, BATCH):
        yield from page
        after = page[-1][0]
