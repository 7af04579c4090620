"""What a run made: of a trial kept aside, of a replay compared, of any other published, all outputs at once or none."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.accounts.service import Accounts
from commonground.compute.runs import queries
from commonground.compute.runs import queue_queries as steps
from commonground.compute.runs.model import Claim, Link, Made
from commonground.compute.runs.replay import compare, hash_files
from commonground.compute.runs.service import lease_of
from commonground.compute.runs.workspace import Workspace
from commonground.database import Database
from commonground.hub.repositories.model import Repository
from commonground.hub.repositories.service import Repositories
from commonground.hub.revisions import keeping
from commonground.hub.revisions.model import AddStored, Commit, CommitRequest
from commonground.hub.revisions.service import Revisions
from commonground.store.model import StoredFile
from commonground.store.service import Store

PART = 2**20


class Publishing:
    """Commits outputs in the name of the run's owner, whose rights are asked for again."""

    def __init__(
        self, database: Database, accounts: Accounts, repositories: Repositories, revisions: Revisions, store: Store
    ) -> None:
        self._database, self._accounts, self._repositories = database, accounts, repositories
        self._revisions, self._store = revisions, store

    async def publish(self, claim: Claim, workspace: Workspace) -> int:
        """Publish, keep or compare every output; the bytes written. Raises :class:`InvalidOutput`, what the hub refuses,
        and :class:`RunLost` if the lease ended: then nothing happened.
        """
        if claim.run.replay_of is not None:
            await self._compare(claim, await asyncio.to_thread(hash_files, workspace, list(claim.run.spec.outputs)))
            return 0
        owner = await self._accounts.of_account(claim.run.owner_id)
        places = [(link, await self._open(owner, link)) for link in claim.run.outputs]
        made: list[Made] = []
        files: list[tuple[Repository, StoredFile]] = []
        for link, repository in places:
            for path, file in workspace.files(link.name):
                stored = await self._store.ingest(claim.run.owner_id, _parts(file))
                assert stored.sha256 is not None
                made.append(Made(output=link.name, path=path, sha256=stored.sha256, size=stored.size))
                files.append((repository, stored))
        if claim.run.parent is None:
            await self.commit(claim, owner, places, made)
        else:
            await self._database.write(self._keep, claim, files, made)
        return sum(file.size for file in made)

    async def adopt(self, claim: Claim, trial: int) -> int:
        """Publish what a trial kept as the outputs of the search, or compare it; the bytes. Raises as :meth:`publish`."""
        made = await self._database.read(queries.files, trial)
        if claim.run.replay_of is not None:
            await self._compare(claim, made)
            return 0
        owner = await self._accounts.of_account(claim.run.owner_id)
        places = [(link, await self._open(owner, link)) for link in claim.run.outputs]
        await self.commit(claim, owner, places, made)
        return sum(file.size for file in made)

    async def commit(
        self, claim: Claim, owner: Principal, places: Sequence[tuple[Link, Repository]], made: Sequence[Made]
    ) -> None:
        """One commit for each repository, and the record of it, under the lease of the claim: all of it or nothing."""
        repositories = {repository.id: repository for _, repository in places}
        if not repositories:
            return
        requests = [
            (repository, _request(claim, [link for link, found in places if found.id == identity], made))
            for identity, repository in repositories.items()
        ]

        def record(connection: Connection, commits: Sequence[Commit]) -> None:
            shas = {identity: bytes.fromhex(commit.sha) for identity, commit in zip(repositories, commits, strict=True)}
            steps.published(connection, lease_of(claim), {link.name: shas[found.id] for link, found in places})
            queries.set_files(connection, claim.run.id, made)

        await self._revisions.commit_all(owner, requests, record)

    async def release(self, claim: Claim, trials: Sequence[int]) -> None:
        """Let go what trials kept: gc frees what no commit has."""
        places = await self._database.read(queries.repositories_of, claim.run.replay_of or claim.run.id)
        await self._database.write(_release, places, trials)

    async def _compare(self, claim: Claim, after: Sequence[Made]) -> None:
        run = claim.run
        assert run.replay_of is not None
        before = await self._database.read(queries.files, run.replay_of)
        original = await self._database.read(queries.find, run.replay_of)
        here = await self._database.read(queries.find, run.id)
        then = {} if original is None else original.environment
        verdict = compare(before, after, then, {} if here is None else here.environment)

        def record(connection: Connection) -> None:
            steps.hold(connection, lease_of(claim))
            queries.judge(connection, run.id, verdict)

        await self._database.write(record)

    def _keep(
        self,
        connection: Connection,
        claim: Claim,
        files: Sequence[tuple[Repository, StoredFile]],
        made: Sequence[Made],
    ) -> None:
        """Link what a trial made with the repositories it is for, so that it can be published without being sent again."""
        steps.hold(connection, lease_of(claim))
        for identity in {repository.id for repository, _ in files}:
            mine = [stored for repository, stored in files if repository.id == identity]
            unique = list({stored.hash: stored for stored in mine}.values())
            keeping.keep(connection, self._store, identity, claim.run.owner_id, unique, _keeper(claim.run.id))
        queries.set_files(connection, claim.run.id, made)

    async def _open(self, owner: Principal, link: Link) -> Repository:
        found = await self._repositories.by_id(link.repository_id)
        return await self._repositories.open(owner, found.kind, found.owner, found.name, Action.WRITE)


async def _parts(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as opened:
        while part := opened.read(PART):
            yield part


def _keeper(trial: int) -> str:
    return f"run:{trial}"


def _release(connection: Connection, places: Sequence[int], trials: Sequence[int]) -> None:
    for identity in places:
        for trial in trials:
            keeping.release(connection, identity, _keeper(trial))


def _request(claim: Claim, links: Sequence[Link], made: Sequence[Made]) -> CommitRequest:
    run = claim.run
    title = f"Run {run.id}: {run.name}"
    description = "\n".join(
        [f"Run: {run.id}", f"Attempt: {run.attempt}", f"Kind: {run.kind}", f"Seed: {run.seed}"]
        + [f"Input {name}: {address}" for name, address in run.spec.inputs.items()]
    )
    operations = [
        AddStored(path=f"{link.path}/{file.path}" if link.path else file.path, sha256=file.sha256.hex(), size=file.size)
        for link in links
        for file in made
        if file.output == link.name
    ]
    return CommitRequest(title=title, description=description, operations=list(operations))
