import pytest

from commonground.errors import BadRequest, RevisionNotFound
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.cursors import encode_cursor
from commonground.hub.revisions.model import ZERO, AddFile, DeleteFile, RefUpdate
from commonground.hub.revisions.objects import COMMIT, encode_commit, object_id
from tests.hub.revisions.conftest import ADA, Hub
from tests.hub.revisions.support import request

pytestmark = pytest.mark.anyio


async def commit(hub: Hub, repository: Repository, branch: str, path: str, text: str) -> str:
    change = AddFile(path=path, content=text.encode())
    return (await hub.revisions.commit(repository, ADA, branch, request(change, title=text))).sha


async def merge(hub: Hub, repository: Repository, tree_of: str, parents: list[str], title: str) -> str:
    tree = bytes.fromhex((await hub.revisions.commit_info(repository, tree_of)).tree)
    body = encode_commit(tree, tuple(map(bytes.fromhex, parents)), "ada", "a@b", 4_000_000_000, title)
    sha = object_id(COMMIT, body).hex()
    with hub.revisions.objects(repository, ADA) as objects:
        objects.add_many([(COMMIT, body)])
        update = RefUpdate(name="refs/heads/main", old=await hub.revisions.resolve(repository, "main"), new=sha)
        await hub.revisions.update_refs(repository, ADA, [update])
    return sha


async def titles(hub: Hub, repository: Repository, revision: str = "main", path: str | None = None) -> list[str]:
    return [found.title for found in (await hub.revisions.history(repository, revision, path=path)).items]


async def test_history_is_newest_first_and_pages_join(hub: Hub, repository: Repository) -> None:
    for number in range(10):
        await commit(hub, repository, "main", "a", str(number))
    found: list[str] = []
    cursor = None
    while True:
        page = await hub.revisions.history(repository, "main", cursor, limit=3)
        found += [item.title for item in page.items]
        if (cursor := page.cursor) is None:
            break
    assert found == [*map(str, range(9, -1, -1)), "initial commit"]


async def test_history_of_a_path(hub: Hub, repository: Repository) -> None:
    for path, text in [("a", "1"), ("b", "2"), ("d/a", "3"), ("a", "4"), ("d/b", "5")]:
        await commit(hub, repository, "main", path, text)
    await hub.revisions.commit(repository, ADA, "main", request(DeleteFile("a"), title="6"))
    assert await titles(hub, repository, path="a") == ["6", "4", "1"]
    assert await titles(hub, repository, path="d") == ["5", "3"]
    assert await titles(hub, repository, path="README.md") == ["initial commit"]
    assert await titles(hub, repository, path="never") == []


async def test_a_merge_has_the_history_of_both_sides(hub: Hub, repository: Repository) -> None:
    await hub.revisions.create_branch(repository, ADA, "dev")
    one = await commit(hub, repository, "main", "a", "on main")
    other = await commit(hub, repository, "dev", "b", "on dev")
    await merge(hub, repository, "dev", [one, other], "merged")
    assert sorted(await titles(hub, repository)) == ["initial commit", "merged", "on dev", "on main"]
    assert (await titles(hub, repository))[0] == "merged"
    # The merge took b as dev has it: the history of b is that of dev.
    assert await titles(hub, repository, path="b") == ["on dev"]
    assert await hub.revisions.count_commits(repository, "main") == 4
    assert await hub.revisions.fsck(repository) == []


async def test_cursors_lead_only_to_reachable_commits(hub: Hub, repository: Repository) -> None:
    other = hub.create("other")
    foreign = await hub.revisions.resolve(other, "main")
    await hub.revisions.commit(other, ADA, "main", request(DeleteFile("README.md")))
    with pytest.raises(RevisionNotFound):
        await hub.revisions.history(repository, "main", encode_cursor(["0" * 40]))
    with pytest.raises(RevisionNotFound):
        await hub.revisions.history(repository, "main", encode_cursor(["main"]))
    with pytest.raises(BadRequest):
        await hub.revisions.history(repository, "main", "???")
    assert foreign == await hub.revisions.resolve(repository, "main")  # equal content has equal ids, everywhere


async def test_differences_are_sorted_and_have_both_sides(hub: Hub, repository: Repository) -> None:
    first = await hub.revisions.resolve(repository, "main")
    await commit(hub, repository, "main", "d/new", "new")
    await commit(hub, repository, "main", "README.md", "changed")
    await hub.revisions.create_branch(repository, ADA, "dev")
    await hub.revisions.commit(repository, ADA, "dev", request(DeleteFile("d/new"), AddFile(path="d", content=b"file")))
    changes = await hub.revisions.diff(repository, first, "main")
    assert [(change.path, change.before is None, change.after is None) for change in changes] == [
        ("README.md", False, False),
        ("d/new", True, False),
    ]
    changes = await hub.revisions.diff(repository, "main", "dev")
    assert [(change.path, change.before is None, change.after is None) for change in changes] == [
        ("d", True, False),
        ("d/new", False, True),
    ]
    assert await hub.revisions.diff(repository, "main", "main") == []
    assert len(await hub.revisions.diff(repository, first, "main", limit=1)) == 1
    assert ZERO not in {change.path for change in changes}
