"""The index of paths follows the default branch, is right whenever it is used, and can be built anew."""

from collections.abc import Mapping

import pytest

from commonground.hub.repositories.model import Repository
from commonground.hub.revisions import object_queries, path_queries
from commonground.hub.revisions.model import AddFile, DeleteFile, DeleteFolder, RefUpdate
from commonground.hub.revisions.objects import BLOB, COMMIT, TREE, encode_commit, make_object
from commonground.hub.revisions.path_queries import IndexedPath
from commonground.hub.revisions.trees import FILE, encode_entry
from tests.hub.revisions.conftest import ADA, Hub
from tests.hub.revisions.support import content, files, request

pytestmark = pytest.mark.anyio

MAIN = "refs/heads/main"


def rows(hub: Hub, repository: Repository) -> Mapping[str, IndexedPath]:
    found = hub.database.read_now(path_queries.paths_after, repository.id, MAIN, "", 1000)
    return {row.path: row for row in found}


def indexed(hub: Hub, repository: Repository) -> str | None:
    commit = hub.database.read_now(path_queries.indexed_commit, repository.id, MAIN)
    return commit.hex() if commit else None


async def test_the_index_follows_commits(hub: Hub, repository: Repository) -> None:
    one = await hub.revisions.commit(
        repository, ADA, "main", request(AddFile(path="d/a", content=b"1"), AddFile(path="d/b", content=b"1"))
    )
    two = await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="d/a", content=b"2")))
    assert indexed(hub, repository) == two.sha
    last = {path: row.last_commit.hex() for path, row in rows(hub, repository).items()}
    assert {path: last[path] for path in ("d", "d/a", "d/b")} == {"d": two.sha, "d/a": two.sha, "d/b": one.sha}
    await hub.revisions.commit(repository, ADA, "main", request(DeleteFolder("d"), AddFile(path="d", content=b"file")))
    assert set(rows(hub, repository)) == {"README.md", "d"}
    assert await hub.revisions.fsck(repository) == []


async def test_other_branches_are_not_indexed(hub: Hub, repository: Repository) -> None:
    await hub.revisions.create_branch(repository, ADA, "dev")
    await hub.revisions.commit(repository, ADA, "dev", request(AddFile(path="x", content=b"")))
    assert hub.database.read_now(path_queries.paths_after, repository.id, "refs/heads/dev", "", 10) == []
    assert set(rows(hub, repository)) == {"README.md"}


async def test_a_small_push_brings_the_index_along(hub: Hub, repository: Repository) -> None:
    first = await hub.revisions.resolve(repository, "main")
    await hub.revisions.create_branch(repository, ADA, "dev")
    for number in range(3):
        await hub.revisions.commit(repository, ADA, "dev", request(AddFile(path=f"{number}", content=b"")))
    last = await hub.revisions.commit(repository, ADA, "dev", request(DeleteFile("1")))
    await hub.revisions.update_refs(repository, ADA, [RefUpdate(name=MAIN, old=first, new=last.sha)])
    assert indexed(hub, repository) == last.sha
    assert set(rows(hub, repository)) == {"README.md", "0", "2"}
    assert await hub.revisions.fsck(repository) == []


async def test_after_other_moves_readers_walk_trees_until_the_index_is_built(hub: Hub, repository: Repository) -> None:
    first = await hub.revisions.resolve(repository, "main")
    late = await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="x", content=b"new")))
    await hub.revisions.update_refs(repository, ADA, [RefUpdate(name=MAIN, old=late.sha, new=first)])
    assert indexed(hub, repository) == late.sha
    assert await files(hub, repository) == {"README.md"}
    assert await content(hub, repository, "README.md") == b"# Hi\n"
    again = await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="y", content=b"y")))
    assert await content(hub, repository, "y") == b"y"
    [entry] = await hub.revisions.paths(repository, "main", ["y"], expand=True)
    assert entry.last_commit == again
    assert await hub.revisions.reindex(repository.id)
    assert indexed(hub, repository) == again.sha
    assert set(rows(hub, repository)) == {"README.md", "y"}
    assert await hub.revisions.fsck(repository) == []


async def test_a_large_push_is_left_to_the_task(hub: Hub, repository: Repository) -> None:
    blob = make_object(BLOB, b"same")
    tree = make_object(TREE, b"".join(encode_entry(FILE, b"%06d" % number, blob.sha) for number in range(21_000)))
    head = bytes.fromhex(await hub.revisions.resolve(repository, "main"))
    commit = make_object(COMMIT, encode_commit(tree.sha, (head,), "ada", "a@b", 1_800_000_000, "Many"))
    await hub.database.write(object_queries.add_objects, repository.id, [blob, tree, commit], 1)
    update = RefUpdate(name=MAIN, old=head.hex(), new=commit.sha.hex())
    await hub.revisions.update_refs(repository, ADA, [update])
    assert indexed(hub, repository) == head.hex()
    assert await content(hub, repository, "020999") == b"same"
    [entry] = await hub.revisions.paths(repository, "main", ["020999"], expand=True)
    assert entry.last_commit
    assert entry.last_commit.title == "Many"
    # A small commit on top does not pretend that the index is complete.
    await hub.revisions.commit(repository, ADA, "main", request(DeleteFile("000000")))
    assert indexed(hub, repository) == head.hex()
    assert await hub.revisions.reindex(repository.id)
    assert await hub.revisions.fsck(repository) == []
    assert indexed(hub, repository) == await hub.revisions.resolve(repository, "main")


async def test_a_repository_that_is_gone_needs_no_index(hub: Hub) -> None:
    assert not await hub.revisions.reindex(404)
