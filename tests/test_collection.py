"""gc over all rooms: what a repository uses stays, what a deleted one used goes."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commonground.accounts.model import Principal
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.landing import INLINE_LIMIT
from commonground.hub.revisions.model import AddFile, AddPointer, CommitRequest, Operation
from commonground.services import Services
from commonground.settings import Settings
from commonground.store.collection import GcReport
from commonground.store.maintenance import Maintenance
from commonground.store.model import XORBS

pytestmark = pytest.mark.anyio

BLOB, WEIGHTS = os.urandom(INLINE_LIMIT + 1), os.urandom(500_000)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    async with await Services.open(Settings(data=tmp_path, upload_lease_seconds=0)) as opened:
        yield opened


async def collect(services: Services) -> GcReport:
    async for repository in services.repositories.all():
        await services.revisions.gc(repository)
    return await Maintenance(services.store, services.settings).gc()


async def filled(services: Services) -> tuple[Principal, Repository]:
    """A repository with a regular file whose body is in the store, and with a large file."""
    account = await services.accounts.create_user("alice")
    alice = Principal(account_id=account.id, name="alice", via="token", token_role="write")
    repository = await services.repositories.create(alice, "model", "alice", "bert")
    stored = await services.store.put_bytes(account.id, WEIGHTS)
    assert stored.sha256
    operations: list[Operation] = [
        AddFile(path="a.txt", content=BLOB),
        AddPointer(path="w.bin", sha256=stored.sha256.hex()),
    ]
    await services.revisions.commit(repository, alice, "main", CommitRequest(title="Fill", operations=operations))
    return alice, repository


async def read(services: Services, repository: Repository, path: str) -> bytes:
    _, entry = await services.revisions.entry(repository, "main", path)
    return await services.revisions.read(repository, entry)


async def test_used_content_survives_and_that_of_a_deleted_repository_is_freed(services: Services) -> None:
    alice, repository = await filled(services)
    await collect(services)
    assert await read(services, repository, "a.txt") == BLOB
    assert await read(services, repository, "w.bin") == WEIGHTS
    assert await services.revisions.fsck(repository) == []

    copy = await services.repositories.duplicate(alice, repository, "alice", "copy")
    await services.repositories.delete(alice, repository)
    await collect(services)
    assert await read(services, copy, "w.bin") == WEIGHTS
    assert await read(services, copy, "a.txt") == BLOB

    await services.repositories.delete(alice, copy)
    report = await collect(services)
    assert (report.files, report.xorbs) == (2, 2)
    assert report.bytes > len(BLOB) + len(WEIGHTS)
    assert [found.key async for found in services.store.backend.list(XORBS)] == []
