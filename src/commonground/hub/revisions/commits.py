"""Commits made through the API."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple
from weakref import WeakValueDictionary

from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.errors import RevisionNotFound, StaleParent
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions import ref_queries
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.drafts import Author, Draft, Drafter, Staged, check_request
from commonground.hub.revisions.heads import observe
from commonground.hub.revisions.landing import INLINE_LIMIT, fits_one_batch, landed
from commonground.hub.revisions.model import AddFile, AddStored, Commit, CommitRequest
from commonground.hub.revisions.objects import BLOB, GitObject, make_object, object_id
from commonground.hub.revisions.publishing import Linked, Move, Publication, RefMoved, publish
from commonground.hub.revisions.refnames import HEADS, PULLS, writable_ref
from commonground.hub.revisions.stored import StoredBlobs
from commonground.hub.revisions.upload_rules import UploadRules

ATTEMPTS = 50
"""How often a commit without a parent is made anew on a head that another process moved."""
PAUSE_SECONDS = 0.02

Also = Callable[[Connection, Sequence[Commit]], None]
"""What is written in the transaction of commits; what it raises undoes them."""


class Target(NamedTuple):
    """A commit that is ready, and the ref that shall go from ``old`` to it."""

    repository: Repository
    ref: str
    old: bytes | None
    draft: Draft


class Commits:
    """Turns commit requests into commits."""

    def __init__(self, context: Context, rules: UploadRules) -> None:
        self._context = context
        self._stored = StoredBlobs(context, rules)
        self._locks: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()

    async def commit(
        self, repository: Repository, principal: Principal, revision: str, request: CommitRequest
    ) -> Commit:
        """Apply the operations, in order, to the head of a branch and move the branch; the new commit."""
        return (await self.commit_all(principal, revision, [(repository, request)]))[0]

    async def commit_all(
        self,
        principal: Principal,
        revision: str | None,
        requests: Sequence[tuple[Repository, CommitRequest]],
        also: Also | None = None,
    ) -> list[Commit]:
        """Commit to a branch (``None``: the default one) of each repository, with ``also``, or do nothing at all."""
        wanted = []
        for repository, request in requests:
            ref = writable_ref(revision or repository.default_branch, repository.default_branch)
            check_request(request)
            await self._context.database.lookup(self._head, repository, ref)
            wanted.append((repository, ref, request, await self._stage(repository, principal, ref, request)))
        # Writers of one branch wait here in turn; other processes are met by compare-and-swap.
        async with AsyncExitStack() as turns:
            for key in sorted({(repository.id, ref) for repository, ref, _, _ in wanted}):
                await turns.enter_async_context(self._locks.setdefault(key, asyncio.Lock()))
            for _ in range(ATTEMPTS):
                targets = [await self._target(principal, *each) for each in wanted]
                try:
                    await self._publish(principal, targets, also)
                except RefMoved:
                    await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))  # noqa: S311 - out of step with its rivals
                    continue
                return [target.draft.commit for target in targets]
        raise StaleParent

    async def _target(
        self, principal: Principal, repository: Repository, ref: str, request: CommitRequest, staged: Staged
    ) -> Target:
        author = self._author(principal)
        draft = await self._context.database.read(self._draft, repository, ref, request, staged, author)
        return Target(repository, ref, draft.head, draft)

    async def propose(
        self, repository: Repository, principal: Principal, revision: str, request: CommitRequest
    ) -> tuple[int, Commit]:
        """Apply the operations to the head of a branch without moving it: the commit becomes ``refs/pr/N``, with the
        next free N.
        """
        base = writable_ref(revision, repository.default_branch)
        check_request(request)
        staged = await self._stage(repository, principal, base, request)
        draft = await self._context.database.read(
            self._draft, repository, base, request, staged, self._author(principal)
        )
        for _ in range(ATTEMPTS):
            number = 1 + await self._context.database.read(ref_queries.last_pull, repository.id)
            try:
                await self._publish(principal, [Target(repository, f"{PULLS}{number}", None, draft)])
            except RefMoved:
                continue
            return number, draft.commit
        raise StaleParent

    async def _stage(self, repository: Repository, principal: Principal, ref: str, request: CommitRequest) -> Staged:
        staged = Staged({}, [])
        for operation in request.operations:
            if isinstance(operation, AddFile):
                staged.blobs[operation.path] = await self._blob(principal, operation, staged.files)
        stored = [operation for operation in request.operations if isinstance(operation, AddStored)]
        if stored:
            await self._stored.stage(repository, principal, ref, stored, staged)
        return staged

    async def _blob(self, principal: Principal, operation: AddFile, links: list[Linked]) -> GitObject:
        content = operation.content
        if len(content) <= INLINE_LIMIT:
            return make_object(BLOB, content)
        file = await self._context.store.put_bytes(principal.uploader or 0, content)
        links.append(Linked(file, operation.path))
        sha = await asyncio.to_thread(object_id, BLOB, content)
        return GitObject(sha, BLOB, len(content), None, file.hash)

    def _author(self, principal: Principal) -> Author:
        return Author(principal.uploader, *self._context.identity(principal), self._context.clock() // 1000)

    def _head(self, connection: Connection, repository: Repository, ref: str) -> bytes:
        found = ref_queries.find_ref(connection, repository.id, (ref, ref))
        if found is None:
            raise RevisionNotFound(revision=ref.removeprefix(HEADS))
        return bytes.fromhex(found.sha)

    def _draft(
        self,
        connection: Connection,
        repository: Repository,
        ref: str,
        request: CommitRequest,
        staged: Staged,
        author: Author,
    ) -> Draft:
        head = self._head(connection, repository, ref)
        view = self._context.view(connection, repository.id)
        drafter = Drafter(view, self._context.store, self._context.reachable, repository)
        return drafter.draft(head, request, staged, author)

    async def _publish(self, principal: Principal, targets: Sequence[Target], also: Also | None = None) -> None:
        commits = [target.draft.commit for target in targets]
        async with AsyncExitStack() as stack:
            # In the order of their ids: that of the locks on their rows.
            ready = [(target.repository, await self._ready(stack, target)) for target in sorted(targets, key=_place)]
            await self._context.database.write(_publish_all, self._context, principal, ready, commits, also)
            for target in targets:
                self._context.reachable.refs_changed(target.repository.id)

    async def _ready(self, stack: AsyncExitStack, target: Target) -> Publication:
        """Everything before the transaction; what is held for it is let go when ``stack`` ends."""
        repository, draft = target.repository, target.draft
        files = {linked.file.sha256: linked.file for linked in draft.links if linked.file.sha256}
        stack.enter_context(self._context.pending.hold(repository.id, draft.objects, files))
        objects = draft.objects
        if not fits_one_batch(objects):
            await stack.enter_async_context(landed(self._context, repository.id, objects))
            objects = []
        derived = await observe(self._context, repository, target.ref, draft.commit.sha, draft.changed)
        move = Move(target.ref, target.old, draft.sha, draft.sha)
        return Publication([move], objects, draft.links, draft.delta, derived)


def _place(target: Target) -> int:
    return target.repository.id


def _publish_all(
    connection: Connection,
    context: Context,
    principal: Principal,
    publications: Sequence[tuple[Repository, Publication]],
    commits: Sequence[Commit],
    also: Also | None,
) -> None:
    for repository, publication in publications:
        publish(connection, context, repository, principal, publication)
    if also is not None:
        also(connection, commits)
