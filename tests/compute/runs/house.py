"""Services, a user and a worker in this process, for tests of whole runs."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from commonground.accounts.model import Principal
from commonground.compute.runs.model import ENDED, LogBlock, Run
from commonground.compute.runs.worker import RunWorker
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile, CommitRequest
from commonground.services import Services
from commonground.settings import Settings
from commonground.upkeep import run_worker


class House:
    """``alice`` is an administrator, ``bob`` a user."""

    def __init__(self, services: Services, alice: Principal, bob: Principal) -> None:
        self.services, self.alice, self.bob = services, alice, bob
        self.runs = services.runs

    async def repository(self, name: str, kind: Any = "model", **files: str) -> tuple[Repository, str]:
        """A repository of alice's, and its head."""
        made = await self.services.repositories.create(self.alice, kind, "alice", name)
        head = made.head or ""
        if files:
            operations = [AddFile(path=path.replace("__", "."), content=text.encode()) for path, text in files.items()]
            request = CommitRequest(title="files", operations=list(operations))
            head = (await self.services.revisions.commit(made, self.alice, "main", request)).sha
        return made, head

    async def submit(self, command: str, **more: Any) -> Run:
        return await self.runs.submit(self.alice, {"run": command, **more})

    async def until(self, run_id: int, reached: Callable[[Run], bool], seconds: float = 15) -> Run:
        give_up = time.monotonic() + seconds
        while not reached(run := await self.runs.find(self.alice, run_id)):
            assert time.monotonic() < give_up, (run, await self.log(run_id))
            await asyncio.sleep(0.03)
        return run

    async def ended(self, run: Run) -> Run:
        return await self.until(run.id, lambda found: found.state in ENDED)

    async def execute(self, command: str, **more: Any) -> Run:
        """A run from its beginning to its end, tried once unless ``more`` says otherwise."""
        return await self.ended(await self.submit(command, **{"fault": {"max_restarts": 0}, **more}))

    async def log(self, run_id: int, stream: str | None = None) -> str:
        blocks: list[LogBlock] = await self.runs.logs(self.alice, run_id, limit=1000)
        return "".join(block.text for block in blocks if stream in {None, block.stream})

    async def files(self, repository: Repository, revision: str = "main") -> dict[str, bytes]:
        page = await self.services.revisions.tree(repository, revision, recursive=True)
        return {
            entry.path: await self.services.revisions.read(repository, entry)
            for entry in page.items
            if entry.type == "file" and entry.path != ".gitattributes"
        }


@asynccontextmanager
async def working(services: Services, **options: float) -> AsyncIterator[RunWorker]:
    """A worker that runs until the end of the block."""
    worker = run_worker(services, **{"lease_seconds": 3.0, "poll_seconds": 0.1, **options})
    task = asyncio.create_task(worker.run())
    yield worker
    worker.stop()
    await task


@asynccontextmanager
async def house(folder: Path, **settings: Any) -> AsyncIterator[House]:
    """Services on an empty data directory; no worker yet."""
    async with await Services.open(Settings(data=folder, **settings)) as services:
        accounts = services.accounts
        people = [await accounts.create_user(name, is_admin=name == "alice") for name in ("alice", "bob")]
        yield House(services, *[await accounts.of_account(account.id) for account in people])
