"""What a run made becomes commits: everything is checked and uploaded first, then each output is one commit."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.accounts.service import Accounts
from commonground.compute.runs.model import Claim, Link
from commonground.compute.runs.service import Runs
from commonground.compute.runs.workspace import Workspace
from commonground.hub.repositories.model import Repository
from commonground.hub.repositories.service import Repositories
from commonground.hub.revisions.model import AddStored, CommitRequest, Operation
from commonground.hub.revisions.service import Revisions
from commonground.store.service import Store

PART = 2**20


class Publishing:
    """Commits outputs in the name of the run's owner, whose rights are asked for again."""

    def __init__(
        self, accounts: Accounts, repositories: Repositories, revisions: Revisions, store: Store, runs: Runs
    ) -> None:
        self._accounts, self._repositories = accounts, repositories
        self._revisions, self._store, self._runs = revisions, store, runs

    async def publish(self, claim: Claim, workspace: Workspace) -> int:
        """Publish every output; the bytes written. Raises :class:`InvalidOutput`, what the hub refuses, and
        :class:`RunLost` before anything is published if the lease ended.
        """
        owner = await self._accounts.of_account(claim.run.owner_id)
        ready: list[tuple[Link, Repository, list[Operation]]] = []
        written = 0
        for link in claim.run.outputs:
            repository = await self._open(owner, link)
            operations, size = await self._upload(claim, workspace, link)
            ready.append((link, repository, operations))
            written += size
        for link, repository, operations in ready:
            await self._runs.held(claim)
            commit = await self._revisions.commit(
                repository, owner, repository.default_branch, _request(claim, operations)
            )
            await self._runs.published(claim, link.name, commit.sha)
        return written

    async def _open(self, owner: Principal, link: Link) -> Repository:
        found = await self._repositories.by_id(link.repository_id)
        return await self._repositories.open(owner, found.kind, found.owner, found.name, Action.WRITE)

    async def _upload(self, claim: Claim, workspace: Workspace, link: Link) -> tuple[list[Operation], int]:
        operations: list[Operation] = []
        size = 0
        for path, file in workspace.files(link.name):
            stored = await self._store.ingest(claim.run.owner_id, _parts(file))
            assert stored.sha256 is not None
            where = f"{link.path}/{path}" if link.path else path
            operations.append(AddStored(path=where, sha256=stored.sha256.hex(), size=stored.size))
            size += stored.size
        return operations, size


async def _parts(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as opened:
        while part := opened.read(PART):
            yield part


def _request(claim: Claim, operations: Sequence[Operation]) -> CommitRequest:
    run = claim.run
    title = f"Run {run.id}: {run.name}"
    description = "\n".join(
        [f"Run: {run.id}", f"Attempt: {run.attempt}", f"Kind: {run.kind}", f"Seed: {run.seed}"]
        + [f"Input {name}: {address}" for name, address in run.spec.inputs.items()]
    )
    return CommitRequest(title=title, description=description, operations=list(operations))
