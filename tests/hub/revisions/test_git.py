"""Real git accepts what the hub writes, and sees in it what the hub shows."""

from pathlib import Path

import pytest

from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile, CopyFile, DeleteFile, DeleteFolder
from tests.hub.revisions.conftest import ADA, Hub
from tests.hub.revisions.support import export, request

pytestmark = pytest.mark.anyio


async def build_history(hub: Hub, repository: Repository) -> None:
    revisions = hub.revisions
    tricky = ["a", "a.txt", "a-b", "a0", "é", "日本語/名前.txt", "deep/er/still", ".hidden", "with space", "Z", "z"]
    await revisions.commit(
        repository, ADA, "main", request(*(AddFile(path=path, content=path.encode()) for path in tricky))
    )
    await revisions.commit(
        repository,
        ADA,
        "main",
        request(
            DeleteFile("a"), AddFile(path="a/b/c", content=b"c"), AddFile(path="run", content=b"#!", executable=True)
        ),
    )
    await revisions.create_branch(repository, ADA, "dev/one")
    await revisions.commit(
        repository, ADA, "dev/one", request(DeleteFolder("deep"), CopyFile(path="b", source_path="Z"))
    )
    await revisions.create_tag(repository, ADA, "v1", "main", message="First release")
    await revisions.create_tag(repository, ADA, "light", "dev/one")
    await revisions.create_branch(repository, ADA, "empty", empty=True)
    big = AddFile(path="big", content=b"0123456789abcdef" * 20_000)
    await revisions.commit(repository, ADA, "main", request(big, title="Add a large file"))


async def test_git_finds_nothing_wrong(hub: Hub, repository: Repository, tmp_path: Path) -> None:
    await build_history(hub, repository)
    git = await export(hub, repository, tmp_path / "export.git")
    git("fsck", "--strict", "--full")
    assert await hub.revisions.fsck(repository) == []


@pytest.mark.parametrize("revision", ["main", "dev/one", "v1", "empty"])
async def test_git_lists_the_same_files(hub: Hub, repository: Repository, tmp_path: Path, revision: str) -> None:
    await build_history(hub, repository)
    git = await export(hub, repository, tmp_path / "export.git")
    listed = git("ls-tree", "-r", "-t", "-z", revision).split("\0")[:-1]
    page = await hub.revisions.tree(repository, revision, recursive=True)
    kinds = {"file": "blob", "directory": "tree"}
    assert [f"{entry.mode:06o} {kinds[entry.type]} {entry.oid}\t{entry.path}" for entry in page.items] == listed


@pytest.mark.parametrize("path", [None, "README.md", "a", "deep", "b"])
async def test_git_tells_the_same_history(hub: Hub, repository: Repository, tmp_path: Path, path: str | None) -> None:
    await build_history(hub, repository)
    git = await export(hub, repository, tmp_path / "export.git")
    logged = git("log", "--format=%H %s", "dev/one", *(["--", path] if path else [])).splitlines()
    page = await hub.revisions.history(repository, "dev/one", path=path)
    assert [f"{commit.sha} {commit.title}" for commit in page.items] == logged


async def test_git_shows_the_same_differences(hub: Hub, repository: Repository, tmp_path: Path) -> None:
    await build_history(hub, repository)
    git = await export(hub, repository, tmp_path / "export.git")
    listed = git("diff-tree", "-r", "--no-renames", "--name-only", "-z", "main~2", "dev/one").split("\0")[:-1]
    changes = await hub.revisions.diff(repository, git("rev-parse", "main~2").strip(), "dev/one")
    assert sorted(change.path for change in changes) == sorted(listed)


async def test_an_annotated_tag_is_a_tag_to_git(hub: Hub, repository: Repository, tmp_path: Path) -> None:
    await build_history(hub, repository)
    git = await export(hub, repository, tmp_path / "export.git")
    assert git("cat-file", "-t", "v1").strip() == "tag"
    assert git("tag", "-l", "--format=%(contents:subject) %(taggername)", "v1").strip() == "First release ada"
