"""What depends on the database works on each of them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from commonground.errors import RevisionNotFound, StaleParent
from commonground.hub.revisions.model import ZERO, AddFile, AddPointer, Commit, DeleteFile, DeleteFolder, RefUpdate
from commonground.hub.revisions.objects import BLOB, object_id
from tests.hub.revisions.conftest import ADA, Hub, open_hub, prepare
from tests.hub.revisions.support import content, files, request
from tests.support.databases import database_url, postgres_cluster

__all__ = ["database_url", "postgres_cluster"]

pytestmark = pytest.mark.anyio


@pytest.fixture
def hub(database_url: str, tmp_path: Path) -> Iterator[Hub]:
    prepare(database_url)
    made = open_hub(database_url, tmp_path)
    yield made
    made.database.close()


async def test_a_life_of_a_repository(hub: Hub) -> None:
    revisions = hub.revisions
    repository = hub.create()
    stored = await hub.store.put_bytes(1, b"weights" * 1000)
    assert stored.sha256
    paths = ["b/x", "B/x", "a_b", "a-b", "a/é", "Z"]
    await revisions.commit(
        repository,
        ADA,
        "main",
        request(
            AddPointer(path="w.bin", sha256=stored.sha256.hex()),
            AddFile(path="large", content=b"l" * 200_000),
            *(AddFile(path=path, content=path.encode()) for path in paths),
        ),
    )
    page = await revisions.tree(repository, "main", recursive=True, expand=True, limit=100)
    assert [entry.path for entry in page.items if entry.type == "file"] == [
        *["B/x", "README.md", "Z", "a-b", "a/é", "a_b", "b/x", "large", "w.bin"]
    ]
    assert all(entry.last_commit for entry in page.items)
    assert await content(hub, repository, "w.bin") == b"weights" * 1000
    assert await content(hub, repository, "large") == b"l" * 200_000
    await revisions.create_branch(repository, ADA, "dev")
    await revisions.create_tag(repository, ADA, "v1", "dev", message="One")
    head = await revisions.commit(repository, ADA, "dev", request(DeleteFolder("b"), DeleteFile("w.bin")))
    main = await revisions.resolve(repository, head.parents[0][:8])
    await revisions.update_refs(
        repository,
        ADA,
        [
            RefUpdate(name="refs/heads/main", old=main, new=head.sha),
            RefUpdate(name="refs/heads/dev", old=head.sha, new=ZERO),
        ],
    )
    assert await files(hub, repository) == {"README.md", "large", "B/x", "a_b", "a-b", "a/é", "Z"}
    await revisions.super_squash(repository, ADA, "main")
    assert await revisions.reindex(repository.id)
    assert await revisions.fsck(repository) == []
    await revisions.delete_tag(repository, ADA, "v1")
    with pytest.raises(RevisionNotFound):
        await revisions.resolve(repository, main)
    collected = await revisions.gc(repository)
    assert (collected.unreachable, collected.deleted) == (2, 2)  # the initial commit and its tree, of long ago
    assert await revisions.fsck(repository) == []


async def test_writers_and_a_collector_at_the_same_time(hub: Hub) -> None:
    repository = hub.create()
    head = await hub.revisions.resolve(repository, "main")
    free = [
        hub.revisions.commit(repository, ADA, "main", request(AddFile(path=f"d/{number}", content=b"")))
        for number in range(12)
    ]
    bound = [
        hub.revisions.commit(repository, ADA, "main", request(AddFile(path=f"e/{number}", content=b""), parent=head))
        for number in range(12)
    ]
    outcomes = await asyncio.gather(*free, *bound, hub.revisions.gc(repository), return_exceptions=True)
    made = [outcome for outcome in outcomes if isinstance(outcome, Commit)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, StaleParent)]
    assert len(made) in {12, 13}
    assert len(made) + len(lost) == 24
    assert await hub.revisions.count_commits(repository, "main") == 1 + len(made)
    assert await hub.revisions.fsck(repository) == []


async def test_two_pushes_of_the_same_objects_at_once(hub: Hub) -> None:
    repository = hub.create()
    bodies = [str(number).encode() for number in range(3_000)]

    def push(order: list[bytes]) -> None:
        with hub_objects.pop() as reader:
            reader.add_many((BLOB, body) for body in order)

    hub_objects = [hub.revisions.objects(repository, ADA) for _ in range(2)]
    await asyncio.gather(asyncio.to_thread(push, bodies), asyncio.to_thread(push, bodies[::-1]))
    reader = hub.revisions.objects(repository, ADA)
    wanted = {object_id(BLOB, body) for body in bodies}
    assert await asyncio.to_thread(reader.contains, wanted) == wanted
