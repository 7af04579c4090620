"""``repository.used_storage`` is the sum of what the repository links, whatever happens to it."""

import asyncio

import pytest
from sqlalchemy import func, select

from commonground.database.schema.store import file_link
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile, AddPointer, RefUpdate
from commonground.hub.revisions.objects import BLOB
from commonground.hub.revisions.service import Revisions
from tests.hub.revisions.conftest import ADA, Hub
from tests.hub.revisions.support import request

pytestmark = pytest.mark.anyio

DAYS = 2 * 86_400_000


async def pointer(hub: Hub, path: str, content: bytes) -> AddPointer:
    stored = await hub.store.put_bytes(1, content)
    assert stored.sha256
    return AddPointer(path=path, sha256=stored.sha256.hex())


def used(hub: Hub, repository: Repository) -> int:
    """What the row says, which is what the links add up to."""
    total = select(func.coalesce(func.sum(file_link.c.size), 0)).where(file_link.c.repository_id == repository.id)
    linked = hub.database.read_now(lambda connection: connection.execute(total).scalar_one())
    assert hub.reload(repository).used_storage == linked
    return int(linked)


async def test_a_commit_counts_each_content_once(hub: Hub, repository: Repository) -> None:
    weights = b"weights" * 1000
    await hub.revisions.commit(repository, ADA, "main", request(await pointer(hub, "w", weights)))
    again = request(await pointer(hub, "copy", weights), AddFile(path="large", content=b"l" * 200_000))
    await hub.revisions.commit(repository, ADA, "main", again)
    assert used(hub, repository) == len(weights) + 200_000


async def test_pushed_content_counts(hub: Hub, repository: Repository) -> None:
    file = await hub.store.put_bytes(1, b"weights" * 1000)
    reader = hub.revisions.objects(repository, ADA)
    await asyncio.to_thread(reader.add_many, [(BLOB, b"l" * 200_000)])
    head = await hub.revisions.resolve(repository, "main")
    update = RefUpdate(name="refs/heads/dev", old="0" * 40, new=head)
    await hub.revisions.update_refs(repository, ADA, [update], [(file, "w")])
    assert used(hub, repository) == 7000 + 200_000


async def test_what_gc_and_an_owner_remove_no_longer_counts(hub: Hub, repository: Repository) -> None:
    later = Revisions(hub.database, hub.store, hub.settings, clock=lambda: hub.revisions._context.clock() + DAYS)
    await hub.revisions.create_branch(repository, ADA, "dev")
    kept = await pointer(hub, "kept", b"kept" * 1000)
    await hub.revisions.commit(repository, ADA, "main", request(kept))
    await hub.revisions.commit(repository, ADA, "dev", request(await pointer(hub, "w", b"weights" * 1000)))
    await hub.revisions.delete_branch(repository, ADA, "dev")
    await later.gc(repository)
    assert used(hub, repository) == 4000
    content = [bytes.fromhex(kept.sha256)]
    await hub.revisions.purge_content(repository, ADA, content)
    await hub.revisions.unlink_content(repository, content)
    await hub.revisions.unlink_content(repository, content)
    assert used(hub, repository) == 0
