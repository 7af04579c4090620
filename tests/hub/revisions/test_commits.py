import asyncio
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from sqlalchemy import Connection, select

from commonground.database import events
from commonground.database.schema.hub import upload_lease
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
    Commit,
    CommitRequest,
    CopyFile,
    DeleteFile,
    DeleteFolder,
    Operation,
    RefUpdate,
)
from commonground.hub.revisions.objects import BLOB, COMMIT, TREE, encode_commit, encode_pointer, object_id
from commonground.hub.revisions.service import Revisions
from commonground.hub.revisions.trees import FILE, encode_entry
from tests.hub.revisions.conftest import ADA, EVE, Hub
from tests.hub.revisions.support import content, files, request

pytestmark = pytest.mark.anyio


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


# --- writers at the same time ---------------------------------------------------------------------------------------------


async def test_of_writers_with_one_parent_one_wins(hub: Hub, repository: Repository) -> None:
    head = await hub.revisions.resolve(repository, "main")
    writers = [
        hub.revisions.commit(repository, ADA, "main", request(AddFile(path=f"{number}", content=b""), parent=head))
        for number in range(32)
    ]
    outcomes = await asyncio.gather(*writers, return_exceptions=True)
    won = [outcome for outcome in outcomes if isinstance(outcome, Commit)]
    assert len(won) == 1
    assert [type(outcome) for outcome in outcomes if outcome is not won[0]] == [StaleParent] * 31
    page = await hub.revisions.history(repository, "main")
    assert [commit.sha for commit in page.items] == [won[0].sha, head]


async def test_writers_without_a_parent_line_up(hub: Hub, repository: Repository) -> None:
    writers = [
        hub.revisions.commit(repository, ADA, "main", request(AddFile(path=f"{number}", content=b"")))
        for number in range(32)
    ]
    await asyncio.gather(*writers)
    page = await hub.revisions.history(repository, "main", limit=100)
    assert len(page.items) == 33
    assert all(commit.parents == (parent.sha,) for commit, parent in pairwise(page.items))
    assert await files(hub, repository) == {"README.md", *map(str, range(32))}
    assert await hub.revisions.fsck(repository) == []


async def test_a_writer_in_another_process_is_met_by_compare_and_swap(hub: Hub, repository: Repository) -> None:
    other = Revisions(hub.database, hub.store, hub.settings)  # shares nothing but database and store
    writers = [
        revisions.commit(repository, ADA, "main", request(AddFile(path=f"{name}{number}", content=b"")))
        for number in range(8)
        for name, revisions in (("a", hub.revisions), ("b", other))
    ]
    await asyncio.gather(*writers)
    assert await hub.revisions.count_commits(repository, "main") == 17
    assert await hub.revisions.fsck(repository) == []


# --- what follows from a commit -------------------------------------------------------------------------------------------


class Recorder:
    """An observer that reads the commit it is told of, and writes down what it sees."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.seen: list[tuple[str, list[str], bytes]] = []
        self.applied: list[str] = []

    async def prepare(
        self, repository: Repository, commit: str, entries_changed: Sequence[str]
    ) -> Callable[[Connection], None]:
        _, entry = await self.hub.revisions.entry(repository, commit, "README.md")
        self.seen.append((commit, sorted(entries_changed), await self.hub.revisions.read(repository, entry)))
        return lambda _: self.applied.append(commit)


async def test_observers_read_a_commit_before_anybody_else_sees_it(hub: Hub, repository: Repository) -> None:
    recorder = Recorder(hub)
    hub.revisions.observe(recorder)
    stored = await hub.store.put_bytes(1, b"# Large card " * 1000)
    assert stored.sha256
    commit = await hub.revisions.commit(
        repository,
        ADA,
        "main",
        request(AddPointer(path="README.md", sha256=stored.sha256.hex()), AddFile(path="a/b", content=b"")),
    )
    assert recorder.seen == [(commit.sha, ["README.md", "a/b"], b"# Large card " * 1000)]
    assert recorder.applied == [commit.sha]


async def test_observers_follow_only_the_default_branch(hub: Hub, repository: Repository) -> None:
    recorder = Recorder(hub)
    hub.revisions.observe(recorder)
    await hub.revisions.create_branch(repository, ADA, "dev")
    commit = await hub.revisions.commit(repository, ADA, "dev", request(AddFile(path="README.md", content=b"dev")))
    assert recorder.seen == []
    await hub.revisions.create_branch(repository, ADA, "main", starting_point="dev", overwrite=True)
    assert recorder.seen == [(commit.sha, ["README.md"], b"dev")]
    assert hub.reload(repository).head == commit.sha


async def test_observers_read_what_a_push_brings(hub: Hub, repository: Repository) -> None:
    recorder = Recorder(hub)
    hub.revisions.observe(recorder)
    stored = await hub.store.put_bytes(1, b"# Large card " * 1000)
    assert stored.sha256
    head = await hub.revisions.resolve(repository, "main")
    blob = encode_pointer(stored.sha256, stored.size)
    tree = encode_entry(FILE, b"README.md", object_id(BLOB, blob))
    commit = encode_commit(object_id(TREE, tree), (bytes.fromhex(head),), "ada", "a@b", 1_800_000_000, "Pushed")
    sha = object_id(COMMIT, commit).hex()
    reader = hub.revisions.objects(repository, ADA)
    await asyncio.to_thread(reader.add_many, [(BLOB, blob), (TREE, tree), (COMMIT, commit)])
    with pytest.raises(RevisionNotFound):
        await hub.revisions.entry(repository, sha, "README.md")
    update = RefUpdate(name="refs/heads/main", old=head, new=sha)
    await hub.revisions.update_refs(repository, ADA, [update], [(stored, "README.md")])
    assert recorder.seen == [(sha, ["README.md"], b"# Large card " * 1000)]
    assert recorder.applied == [sha]
    assert await hub.revisions.fsck(repository) == []


async def test_a_refused_derivation_leaves_nothing_behind(hub: Hub, repository: Repository) -> None:
    class Refusing:
        async def prepare(
            self, repository: Repository, commit: str, entries_changed: Sequence[str]
        ) -> Callable[[Connection], None]:
            def refuse(_: Connection) -> None:
                raise InvalidCommit(reason="no")

            return refuse

    before = await hub.revisions.resolve(repository, "main")
    hub.revisions.observe(Refusing())
    with pytest.raises(InvalidCommit):
        await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="a", content=b"")))
    assert await hub.revisions.resolve(repository, "main") == before
    assert await files(hub, repository) == {"README.md"}


async def test_a_commit_announces_itself(hub: Hub, repository: Repository) -> None:
    before = await hub.revisions.resolve(repository, "main")
    commit = await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="a", content=b"")))
    [event] = hub.database.read_now(events.read_after, 0, ["ref.updated"], 10)
    assert (event.subject, event.account_id) == ("model:ada/bert", 1)
    assert event.payload["ref"] == "refs/heads/main"
    assert (event.payload["old"], event.payload["new"]) == (before, commit.sha)


async def test_a_large_commit_lands_in_batches(hub: Hub, repository: Repository) -> None:
    many = [AddFile(path=f"{number % 7}/{number}", content=str(number).encode()) for number in range(2_500)]
    await hub.revisions.commit(repository, ADA, "main", request(*many))
    assert len(await files(hub, repository)) == 2_501
    assert await hub.revisions.fsck(repository) == []
    assert hub.database.read_now(lambda connection: connection.execute(select(upload_lease)).all()) == []


async def test_a_proposal_becomes_the_next_pull_ref_and_moves_no_branch(hub: Hub, repository: Repository) -> None:
    before = await hub.revisions.resolve(repository, "main")
    first, commit = await hub.revisions.propose(repository, EVE, "main", request(AddFile(path="a", content=b"1")))
    second, _ = await hub.revisions.propose(repository, EVE, "main", request(AddFile(path="a", content=b"2")))
    assert (first, second) == (1, 2)
    assert commit.parents == (before,)
    assert await hub.revisions.resolve(repository, "main") == before
    assert await hub.revisions.resolve(repository, "refs/pr/1") == commit.sha
    assert await content(hub, repository, "a", "refs/pr/2") == b"2"


async def test_a_proposal_is_continued_by_commits_to_its_ref(hub: Hub, repository: Repository) -> None:
    await hub.revisions.propose(repository, EVE, "main", request(AddFile(path="a", content=b"1")))
    more = await hub.revisions.commit(repository, EVE, "refs/pr/1", request(AddFile(path="b", content=b"2")))
    assert await hub.revisions.resolve(repository, "refs/pr/1") == more.sha


async def test_proposals_made_at_once_get_numbers_of_their_own(hub: Hub, repository: Repository) -> None:
    made = await asyncio.gather(
        *(
            hub.revisions.propose(repository, EVE, "main", request(AddFile(path="a", content=b"%d" % n)))
            for n in range(8)
        )
    )
    assert sorted(number for number, _ in made) == list(range(1, 9))
