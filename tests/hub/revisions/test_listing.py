import pytest

from commonground.errors import BadRequest, EntryNotFound, PayloadTooLarge, RangeNotSatisfiable, RevisionNotFound
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.cursors import encode_cursor
from commonground.hub.revisions.model import AddFile, DeleteFile, Entry
from commonground.hub.revisions.service import Revisions
from tests.hub.revisions.conftest import ADA, Hub
from tests.hub.revisions.support import request

pytestmark = pytest.mark.anyio

PATHS = ["a/1", "a/2/x", "a/2/y", "a.txt", "a-", "b", "c/d/e/f", "z"]


@pytest.fixture
async def filled(hub: Hub, repository: Repository) -> Repository:
    await hub.revisions.commit(
        repository, ADA, "main", request(*(AddFile(path=path, content=path.encode()) for path in PATHS))
    )
    return hub.reload(repository)


async def pages(hub: Hub, repository: Repository, path: str, *, recursive: bool, limit: int) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = await hub.revisions.tree(repository, "main", path, recursive=recursive, cursor=cursor, limit=limit)
        assert len(page.items) <= limit
        found += [entry.path for entry in page.items]
        cursor = page.cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
async def test_pages_join_to_the_list_in_git_order(hub: Hub, filled: Repository, limit: int) -> None:
    assert await pages(hub, filled, "", recursive=False, limit=limit) == [
        "README.md",
        "a-",
        "a.txt",
        "a",
        "b",
        "c",
        "z",
    ]
    assert await pages(hub, filled, "", recursive=True, limit=limit) == [
        "README.md",
        "a-",
        "a.txt",
        "a",
        "a/1",
        "a/2",
        "a/2/x",
        "a/2/y",
        "b",
        "c",
        "c/d",
        "c/d/e",
        "c/d/e/f",
        "z",
    ]
    assert await pages(hub, filled, "a/", recursive=True, limit=limit) == ["a/1", "a/2", "a/2/x", "a/2/y"]


async def test_pages_come_from_one_commit(hub: Hub, filled: Repository) -> None:
    first = await hub.revisions.tree(filled, "main", limit=3)
    await hub.revisions.commit(filled, ADA, "main", request(DeleteFile("b"), AddFile(path="new", content=b"")))
    rest = await hub.revisions.tree(filled, "main", cursor=first.cursor)
    assert [entry.path for entry in rest.items] == ["a", "b", "c", "z"]


@pytest.mark.parametrize("path", ["missing", "b", "b/c", "../x", "a//1"])
async def test_what_is_no_folder_is_not_found(hub: Hub, filled: Repository, path: str) -> None:
    with pytest.raises(EntryNotFound):
        await hub.revisions.tree(filled, "main", path)


@pytest.mark.parametrize("cursor", ["", "!", "bm9uc2Vuc2U", encode_cursor(["only one"]), "x" * 100_000])
async def test_a_cursor_nobody_made_is_refused(hub: Hub, filled: Repository, cursor: str) -> None:
    with pytest.raises(BadRequest):
        await hub.revisions.tree(filled, "main", cursor=cursor)


async def test_a_cursor_opens_no_other_commit(hub: Hub, filled: Repository) -> None:
    for revision in ("0" * 40, "main\0", "refs/heads/secret"):
        with pytest.raises(RevisionNotFound):
            await hub.revisions.tree(filled, "main", cursor=encode_cursor((revision, "")))


async def test_expanding_names_the_last_commit_of_each_path(hub: Hub, filled: Repository) -> None:
    second = await hub.revisions.commit(
        filled, ADA, "main", request(AddFile(path="a/2/x", content=b"2"), title="Second")
    )
    page = await hub.revisions.tree(filled, "main", expand=True)
    titles = {entry.path: entry.last_commit.title for entry in page.items if entry.last_commit}
    assert titles == {
        "README.md": "initial commit",
        "a": "Second",
        **dict.fromkeys(["a-", "a.txt", "b", "c", "z"], "Change"),
    }
    [entry] = await hub.revisions.paths(filled, "main", ["a/2/x"], expand=True)
    assert entry.last_commit == second


async def test_branches_without_an_index_know_their_last_commits_too(hub: Hub, filled: Repository) -> None:
    before = await hub.revisions.resolve(filled, "main")
    await hub.revisions.create_branch(filled, ADA, "dev")
    await hub.revisions.commit(filled, ADA, "dev", request(AddFile(path="b", content=b"2"), title="On dev"))
    await hub.revisions.commit(filled, ADA, "main", request(AddFile(path="z", content=b"2"), title="On main"))
    for revision, expected in {
        "dev": ("On dev", "Change"),
        "main": ("Change", "On main"),
        before: ("Change",) * 2,
    }.items():
        found = await hub.revisions.paths(filled, revision, ["b", "z"], expand=True)
        assert tuple(entry.last_commit.title for entry in found if entry.last_commit) == expected


async def test_paths_that_do_not_exist_are_left_out(hub: Hub, filled: Repository) -> None:
    found = await hub.revisions.paths(filled, "main", ["z", "nope", "a", "../b", "", "a/1/"])
    assert [(entry.path, entry.type) for entry in found] == [("z", "file"), ("a", "directory"), ("a/1", "file")]


@pytest.mark.parametrize("revision", ["main", "dev", "sha"])
@pytest.mark.parametrize("path", ["missing", "a/missing", "b/x", "", "..", "a/", "\0", "\ud800"])
async def test_a_missing_entry_names_the_commit_that_lacks_it(
    hub: Hub, filled: Repository, revision: str, path: str
) -> None:
    await hub.revisions.create_branch(filled, ADA, "dev")
    head = await hub.revisions.resolve(filled, "main")
    with pytest.raises(EntryNotFound) as caught:
        await hub.revisions.entry(filled, head if revision == "sha" else revision, path)
    assert caught.value.details["commit"] == head


async def test_every_way_to_an_entry_leads_to_the_same_one(hub: Hub, filled: Repository) -> None:
    await hub.revisions.create_branch(filled, ADA, "dev")
    head = await hub.revisions.resolve(filled, "main")
    listed = {entry.path: entry for entry in (await hub.revisions.tree(filled, "main", recursive=True)).items}
    for path, expected in listed.items():
        for fresh in (hub.revisions, Revisions(hub.database, hub.store, hub.settings)):
            for revision in ("main", "dev", head, head, "main"):
                assert await fresh.entry(filled, revision, path) == (head, expected)


async def test_reading_is_bounded(hub: Hub, filled: Repository) -> None:
    _, entry = await hub.revisions.entry(filled, "main", "c/d/e/f")
    assert await hub.revisions.read(filled, entry, 2, 5) == b"d/e"
    assert await hub.revisions.read(filled, entry, 7, None) == b""
    with pytest.raises(PayloadTooLarge):
        await hub.revisions.read(filled, entry, limit=6)
    with pytest.raises(RangeNotSatisfiable):
        await hub.revisions.read(filled, entry, 8)


async def test_sizes_are_those_of_the_content(hub: Hub, filled: Repository) -> None:
    page = await hub.revisions.tree(filled, "main")
    sizes: dict[str, Entry] = {entry.path: entry for entry in page.items}
    assert (sizes["a.txt"].size, sizes["a"].size, sizes["a"].oid) == (5, 0, sizes["a"].oid)
