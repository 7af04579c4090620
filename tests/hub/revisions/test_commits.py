import pytest

from commonground.errors import (
    ContentMissing,
    EntryNotFound,
    FileToDeleteNotFound,
    InvalidCommit,
    InvalidPath,
    RevisionNotFound,
    SizeMismatch,
    StaleParent,
)
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import (
    AddFile,
    AddPointer,
    CommitRequest,
    CopyFile,
    DeleteFile,
    DeleteFolder,
    Operation,
)
from tests.hub.revisions.conftest import ADA, EVE, Hub

pytestmark = pytest.mark.anyio


def request(*operations: Operation, parent: str | None = None, title: str = "Change") -> CommitRequest:
    return CommitRequest(title=title, operations=list(operations), parent=parent)


async def content(hub: Hub, repository: Repository, path: str, revision: str = "main") -> bytes:
    _, entry = await hub.revisions.entry(repository, revision, path)
    return await hub.revisions.read(repository, entry)


async def files(hub: Hub, repository: Repository, revision: str = "main") -> set[str]:
    page = await hub.revisions.tree(repository, revision, recursive=True)
    return {entry.path for entry in page.items if entry.type == "file"}


async def test_a_commit_adds_files_to_its_parent(hub: Hub, repository: Repository) -> None:
    before = await hub.revisions.resolve(repository, "main")
    commit = await hub.revisions.commit(
        repository,
        ADA,
        "main",
        CommitRequest(
            title="Add files",
            description="Two of them.",
            operations=[AddFile(path="a/b.txt", content=b"b"), AddFile(path="run", content=b"#!", executable=True)],
        ),
    )
    assert commit.parents == (before,)
    assert (commit.title, commit.body) == ("Add files", "Two of them.")
    assert (commit.author_name, commit.author_email) == ("ada", "ada@users.noreply.hub.example")
    assert await hub.revisions.resolve(repository, "main") == commit.sha
    assert await files(hub, repository) == {"README.md", "a/b.txt", "run"}
    assert await content(hub, repository, "a/b.txt") == b"b"
    assert (await hub.revisions.entry(repository, "main", "run"))[1].mode == 0o100755
    assert hub.reload(repository).head == commit.sha


async def test_operations_apply_in_order(hub: Hub, repository: Repository) -> None:
    await hub.revisions.commit(
        repository, ADA, "main", request(AddFile(path="d/x", content=b"x"), AddFile(path="d/y", content=b"y"))
    )
    await hub.revisions.commit(
        repository, ADA, "main", request(DeleteFolder("d"), AddFile(path="d/z", content=b"z"), DeleteFile("README.md"))
    )
    assert await files(hub, repository) == {"d/z"}


async def test_a_file_becomes_a_folder_when_it_is_deleted_first(hub: Hub, repository: Repository) -> None:
    await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="x", content=b"1")))
    await hub.revisions.commit(repository, ADA, "main", request(DeleteFile("x"), AddFile(path="x/y", content=b"2")))
    assert await files(hub, repository) == {"README.md", "x/y"}
    await hub.revisions.commit(repository, ADA, "main", request(DeleteFolder("x/"), AddFile(path="x", content=b"3")))
    assert await files(hub, repository) == {"README.md", "x"}
    assert await content(hub, repository, "x") == b"3"


async def test_deleting_everything_leaves_an_empty_tree(hub: Hub, repository: Repository) -> None:
    await hub.revisions.commit(repository, ADA, "main", request(DeleteFolder("")))
    assert await files(hub, repository) == set()
    await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="again", content=b"")))
    assert await files(hub, repository) == {"again"}


async def test_a_request_without_effect_makes_a_commit_with_the_same_tree(hub: Hub, repository: Repository) -> None:
    before = await hub.revisions.commit_info(repository, "main")
    commit = await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="README.md", content=b"# Hi\n")))
    assert commit.tree == before.tree
    assert commit.parents == (before.sha,)


async def test_a_large_file_keeps_its_body_in_the_store(hub: Hub, repository: Repository) -> None:
    body = bytes(range(256)) * 1000
    await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="big", content=body)))
    _, entry = await hub.revisions.entry(repository, "main", "big")
    source = await hub.revisions.source(repository, entry)
    assert (entry.size, source.data, entry.lfs) == (len(body), None, None)
    assert await hub.revisions.read(repository, entry, 255, 258) == b"\xff\x00\x01"
    assert b"".join([part async for part in hub.revisions.stream(repository, entry)]) == body


async def test_copies_take_files_of_any_revision(hub: Hub, repository: Repository) -> None:
    first = await hub.revisions.resolve(repository, "main")
    await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="README.md", content=b"new")))
    await hub.revisions.commit(
        repository,
        ADA,
        "main",
        request(
            CopyFile(path="old.md", source_path="README.md", source_revision=first),
            CopyFile(path="docs/new.md", source_path="README.md"),
        ),
    )
    assert await content(hub, repository, "old.md") == b"# Hi\n"
    assert await content(hub, repository, "docs/new.md") == b"new"


# --- pointers -----------------------------------------------------------------------------------------------------------


async def test_a_pointer_names_content_that_was_uploaded(hub: Hub, repository: Repository) -> None:
    stored = await hub.store.put_bytes(1, b"weights" * 100)
    assert stored.sha256
    pointer = AddPointer(path="model.bin", sha256=stored.sha256.hex(), size=700)
    await hub.revisions.commit(repository, ADA, "main", request(pointer))
    _, entry = await hub.revisions.entry(repository, "main", "model.bin")
    assert entry.size == 700
    assert entry.lfs
    assert entry.lfs.sha256 == stored.sha256.hex()
    assert entry.xet_hash
    assert await hub.revisions.read(repository, entry) == b"weights" * 100
    text = (await hub.revisions.blob(repository, entry)).data
    assert text == f"version https://git-lfs.github.com/spec/v1\noid sha256:{stored.sha256.hex()}\nsize 700\n".encode()
    assert entry.lfs.pointer_size == len(text)


async def test_knowing_a_hash_is_not_owning_the_bytes(hub: Hub, repository: Repository) -> None:
    stored = await hub.store.put_bytes(1, b"secret" * 100)
    assert stored.sha256
    with pytest.raises(ContentMissing):
        await hub.revisions.commit(
            repository, EVE, "main", request(AddPointer(path="mine", sha256=stored.sha256.hex(), size=600))
        )


async def test_a_pointer_with_a_wrong_size_is_refused(hub: Hub, repository: Repository) -> None:
    stored = await hub.store.put_bytes(1, b"x" * 100)
    assert stored.sha256
    with pytest.raises(SizeMismatch):
        await hub.revisions.commit(
            repository, ADA, "main", request(AddPointer(path="x", sha256=stored.sha256.hex(), size=99))
        )


# --- refusals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operations", "error"),
    [
        ([AddFile(path="../x", content=b"")], InvalidPath),
        ([AddFile(path="", content=b"")], InvalidPath),
        ([AddFile(path="a", content=b""), AddFile(path="a", content=b"")], InvalidCommit),
        ([AddFile(path="a", content=b""), AddFile(path="a/b", content=b"")], InvalidCommit),
        ([AddFile(path="README.md/x", content=b"")], InvalidCommit),
        ([AddFile(path="a/b", content=b""), AddFile(path="a", content=b"")], InvalidCommit),
        ([DeleteFile("missing")], FileToDeleteNotFound),
        ([DeleteFile("README.md"), DeleteFile("README.md")], FileToDeleteNotFound),
        ([DeleteFolder("missing/")], FileToDeleteNotFound),
        ([DeleteFolder("README.md")], FileToDeleteNotFound),
        ([CopyFile(path="x", source_path="missing")], EntryNotFound),
        ([CopyFile(path="x", source_path="README.md", source_revision="nowhere")], RevisionNotFound),
        ([AddPointer(path="x", sha256="f" * 64)], ContentMissing),
        ([AddPointer(path="x", sha256="nonsense")], InvalidCommit),
    ],
)
async def test_operations_that_cannot_apply_change_nothing(
    hub: Hub, repository: Repository, operations: list[Operation], error: type[Exception]
) -> None:
    before = await hub.revisions.resolve(repository, "main")
    with pytest.raises(error):
        await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="ok", content=b"ok"), *operations))
    assert await hub.revisions.resolve(repository, "main") == before


@pytest.mark.parametrize("title", ["", " ", "a\0b", "\ud800"])
async def test_messages_are_text(hub: Hub, repository: Repository, title: str) -> None:
    with pytest.raises(InvalidCommit):
        await hub.revisions.commit(repository, ADA, "main", request(title=title))


async def test_a_missing_branch_is_not_created(hub: Hub, repository: Repository) -> None:
    with pytest.raises(RevisionNotFound):
        await hub.revisions.commit(repository, ADA, "dev", request(AddFile(path="a", content=b"")))


async def test_a_parent_makes_the_commit_conditional(hub: Hub, repository: Repository) -> None:
    first = await hub.revisions.resolve(repository, "main")
    second = await hub.revisions.commit(
        repository, ADA, "main", request(AddFile(path="a", content=b"1"), parent=first[:7])
    )
    with pytest.raises(StaleParent):
        await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="a", content=b"2"), parent=first))
    await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="a", content=b"3"), parent=second.sha))
    assert await content(hub, repository, "a") == b"3"
