"""gc and fsck."""

import asyncio

import pytest
from sqlalchemy import delete, update

from commonground.database.schema.hub import git_object, path_entry, ref
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.checking import Problem
from commonground.hub.revisions.collecting import Collected
from commonground.hub.revisions.model import AddFile, AddPointer, DeleteFile
from commonground.hub.revisions.objects import BLOB
from commonground.hub.revisions.service import Revisions
from tests.hub.revisions.conftest import ADA, Hub
from tests.hub.revisions.support import content, files, request

pytestmark = pytest.mark.anyio

DAY = 86_400_000


class Clock:
    """A time that goes on only when it is told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hub(hub: Hub, clock: Clock) -> Hub:
    return hub._replace(revisions=Revisions(hub.database, hub.store, hub.settings, clock=clock))


# --- gc -----------------------------------------------------------------------------------------------------------------


async def test_what_a_deleted_branch_leaves_is_collected_in_time(
    hub: Hub, repository: Repository, clock: Clock
) -> None:
    await hub.revisions.create_branch(repository, ADA, "dev")
    stored = await hub.store.put_bytes(1, b"weights" * 1000)
    assert stored.sha256
    pointer = AddPointer(path="w.bin", sha256=stored.sha256.hex())
    large = AddFile(path="large", content=b"l" * 200_000)
    await hub.revisions.commit(repository, ADA, "dev", request(pointer, large, AddFile(path="README.md", content=b"2")))
    await hub.revisions.delete_branch(repository, ADA, "dev")
    # five objects: a commit, a tree, a pointer, a large blob and a small one
    assert await hub.revisions.gc(repository) == Collected(objects=8, unreachable=0)
    clock.now += 2 * DAY
    assert await hub.revisions.gc(repository, dry_run=True) == Collected(objects=8, unreachable=5)
    assert await hub.revisions.gc(repository) == Collected(objects=8, unreachable=5, deleted=5, unlinked=2)
    assert await hub.revisions.gc(repository) == Collected(objects=3, unreachable=0)
    assert await hub.revisions.fsck(repository) == []
    assert await content(hub, repository, "README.md") == b"# Hi\n"


async def test_what_history_needs_is_kept(hub: Hub, repository: Repository, clock: Clock) -> None:
    stored = await hub.store.put_bytes(1, b"weights" * 1000)
    assert stored.sha256
    pointer = AddPointer(path="w.bin", sha256=stored.sha256.hex())
    old = await hub.revisions.commit(repository, ADA, "main", request(pointer))
    await hub.revisions.commit(repository, ADA, "main", request(DeleteFile("w.bin")))
    await hub.revisions.create_tag(repository, ADA, "v1", "main", message="annotated")
    clock.now += 2 * DAY
    collected = await hub.revisions.gc(repository)
    assert (collected.unreachable, collected.unlinked) == (0, 0)
    assert await content(hub, repository, "w.bin", old.sha) == b"weights" * 1000


async def test_an_upload_under_way_is_left_alone(hub: Hub, repository: Repository, clock: Clock) -> None:
    old = hub.revisions.objects(repository, ADA)
    await asyncio.to_thread(old.add_many, [(BLOB, b"left by a crash")])
    clock.now += 2 * DAY  # the lease of the crashed upload is over
    reader = hub.revisions.objects(repository, ADA)
    await asyncio.to_thread(reader.add_many, [(BLOB, b"left by a crash")])
    assert (await hub.revisions.gc(repository)).deleted == 0
    await asyncio.to_thread(reader.close)
    assert (await hub.revisions.gc(repository)).deleted == 1


async def test_collecting_beside_writers_loses_nothing(hub: Hub, repository: Repository, clock: Clock) -> None:
    """Each round makes the objects of the last one unreachable, old, and wanted again."""
    head = await hub.revisions.resolve(repository, "main")
    for number in range(8):
        await hub.revisions.create_branch(repository, ADA, "dev", starting_point=head, overwrite=True)
        change = request(*(AddFile(path=f"d/{name}", content=b"same") for name in "abc"))
        clock.now += 2 * DAY
        _, _, made = await asyncio.gather(
            hub.revisions.gc(repository),
            hub.revisions.gc(repository),
            hub.revisions.commit(repository, ADA, "dev", change),
        )
        assert await files(hub, repository, made.sha) == {"README.md", "d/a", "d/b", "d/c"}
        assert await hub.revisions.fsck(repository) == [], number


# --- fsck ---------------------------------------------------------------------------------------------------------------


async def test_missing_and_damaged_objects_are_found(hub: Hub, repository: Repository) -> None:
    await hub.revisions.commit(
        repository, ADA, "main", request(AddFile(path="a", content=b"a"), AddFile(path="b", content=b"b" * 1000))
    )
    ids = {path: (await hub.revisions.entry(repository, "main", path))[1].oid for path in ("README.md", "a", "b")}
    where = {path: git_object.c.sha == bytes.fromhex(oid) for path, oid in ids.items()}
    await hub.database.write(lambda connection: connection.execute(delete(git_object).where(where["a"])))
    await hub.database.write(
        lambda connection: connection.execute(update(git_object).where(where["b"]).values(data=b"broken"))
    )
    await hub.database.write(
        lambda connection: connection.execute(update(git_object).where(where["README.md"]).values(data=b"other"))
    )
    found = await hub.revisions.fsck(repository)
    assert {(problem.kind, problem.subject) for problem in found} == {
        ("missing", ids["a"]),
        ("damaged", ids["b"]),
        ("damaged", ids["README.md"]),
    }


async def test_content_that_is_not_linked_is_found(hub: Hub, repository: Repository) -> None:
    stored = await hub.store.put_bytes(1, b"weights" * 1000)
    assert stored.sha256
    await hub.revisions.commit(repository, ADA, "main", request(AddPointer(path="w", sha256=stored.sha256.hex())))
    assert await hub.revisions.fsck(repository) == []
    hub.database.write_now(hub.store.unlink, repository.id)
    assert await hub.revisions.fsck(repository) == [Problem(kind="content", subject=stored.sha256.hex())]


async def test_an_index_that_is_wrong_is_found_and_built_anew(hub: Hub, repository: Repository) -> None:
    await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="a/b", content=b"")))
    change = update(path_entry).where(path_entry.c.path == "a").values(last_commit=bytes(20))
    await hub.database.write(lambda connection: connection.execute(change))
    assert await hub.revisions.fsck(repository) == [Problem(kind="index", subject="a")]


async def test_a_ref_that_leads_nowhere_is_found(hub: Hub, repository: Repository) -> None:
    change = update(ref).values(sha=b"x" * 20)
    await hub.database.write(lambda connection: connection.execute(change))
    assert await hub.revisions.fsck(repository) == [Problem(kind="missing", subject=(b"x" * 20).hex())]
