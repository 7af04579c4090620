"""Writes become commits. Those of one account that wait for the same branch at the same time become one."""

import asyncio
from collections.abc import Sequence

import msgspec

from commonground.accounts.model import Principal
from commonground.errors import CommongroundError
from commonground.gateways.s3.context import Place
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile, Commit, CommitRequest, DeleteFile, Operation
from commonground.hub.revisions.service import Revisions

AT_ONCE = 500
"""Most operations of a commit that was made of several requests."""
BYTES_AT_ONCE = 32 * 2**20
NAMED = 100
"""Paths a commit message names."""

_Key = tuple[int, str, int | None, str]


class _Waiting(msgspec.Struct):
    operation: Operation
    done: "asyncio.Future[Commit]"

    @property
    def weight(self) -> int:
        return len(self.operation.content) if isinstance(self.operation, AddFile) else 0


class Commits:
    """Commits operations, one request's or several together."""

    def __init__(self, revisions: Revisions) -> None:
        self._revisions = revisions
        self._waiting: dict[_Key, list[_Waiting]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def now(self, place: Place, operations: Sequence[Operation], agent: str, parent: str | None = None) -> Commit:
        """One commit of these operations, on top of ``parent`` or not at all."""
        request = _request(operations, agent, parent)
        return await self._revisions.commit(place.repository, place.principal, place.revision, request)

    async def soon(self, place: Place, operation: Operation, agent: str) -> Commit:
        """The commit that holds this operation, and perhaps others that were waiting for the branch with it."""
        key = (place.repository.id, place.revision, place.principal.uploader, agent)
        waiting = _Waiting(operation, asyncio.get_running_loop().create_future())
        queue = self._waiting.get(key)
        if queue is not None:
            queue.append(waiting)
        else:
            self._waiting[key] = [waiting]
            task = asyncio.create_task(self._drain(key, place.repository, place.principal, place.revision))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await waiting.done

    async def _drain(self, key: _Key, repository: Repository, principal: Principal, revision: str) -> None:
        """Commit until nothing waits. What arrives meanwhile is the next batch."""
        queue = self._waiting[key]
        batch: list[_Waiting] = []
        try:
            while queue:
                batch = _take(queue)
                await self._commit(repository, principal, revision, batch, key[3])
        finally:
            del self._waiting[key]
            for item in (*batch, *queue):  # nobody waits for ever, whatever went wrong
                _fail(item, CommongroundError())

    async def _commit(
        self, repository: Repository, principal: Principal, revision: str, batch: Sequence[_Waiting], agent: str
    ) -> None:
        """One commit, or where that is refused one each, so that nobody fails for another's file."""
        request = _request([item.operation for item in batch], agent, None)
        try:
            made = await self._revisions.commit(repository, principal, revision, request)
        except CommongroundError as error:
            if len(batch) == 1:
                return _fail(batch[0], error)
            for item in batch:
                await self._commit(repository, principal, revision, [item], agent)
            return None
        for item in batch:
            if not item.done.done():  # else its client has left
                item.done.set_result(made)
        return None


def _fail(item: _Waiting, error: CommongroundError) -> None:
    if not item.done.done():
        item.done.set_exception(error)


def _take(queue: list[_Waiting]) -> list[_Waiting]:
    """The first of a queue that make one commit: of two writes to one path the second waits for the next."""
    batch: list[_Waiting] = []
    paths: set[str] = set()
    weight = 0
    while queue and len(batch) < AT_ONCE:
        item = queue[0]
        weight += item.weight
        if item.operation.path in paths or (batch and weight > BYTES_AT_ONCE):
            break
        paths.add(item.operation.path)
        batch.append(queue.pop(0))
    return batch


def _request(operations: Sequence[Operation], agent: str, parent: str | None) -> CommitRequest:
    verb = "Delete" if all(isinstance(item, DeleteFile) for item in operations) else "Upload"
    paths = [item.path for item in operations]
    title = f"{verb} {paths[0]}" if len(paths) == 1 else f"{verb} {len(paths)} files"
    lines = [] if len(paths) == 1 else [f"- {path}" for path in paths[:NAMED]]
    if len(paths) > NAMED:
        lines.append("- ...")
    description = "\n".join([*lines, *([""] if lines else []), f"Through S3, by {agent}"])
    return CommitRequest(title=title, description=description, parent=parent, operations=list(operations))
