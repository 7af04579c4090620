"""The hub against a model of it in a few dictionaries, over random histories.

``CG_TEST_STEPS`` sets the number of steps (default 300; 5,000 take about a minute).
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from commonground.errors import (
    CommongroundError,
    EntryNotFound,
    FileToDeleteNotFound,
    InvalidCommit,
    InvalidRef,
    RefExists,
    RevisionNotFound,
    StaleParent,
)
from commonground.hub.revisions.model import (
    AddFile,
    Commit,
    CopyFile,
    DeleteFile,
    DeleteFolder,
    Operation,
    RefUpdate,
)
from tests.hub.revisions.conftest import ADA, open_hub, prepare
from tests.hub.revisions.support import request

T = TypeVar("T")

STEPS = int(os.environ.get("CG_TEST_STEPS", "300"))
STEPS_A_HISTORY = 50

Files = dict[str, bytes]

paths = st.sampled_from(["a", "b", "a.x", "d/a", "d/b", "d/e/a", "d/e/b", "d.x/a", "日本/語"])
folders = st.sampled_from(["d", "d/e", "a", "日本", ""])
contents = st.binary(max_size=3)
branches = st.sampled_from(["main", "dev", "dev2", "x/y", "x"])
operations = st.one_of(
    st.builds(lambda path, content: AddFile(path=path, content=content), paths, contents),
    st.builds(DeleteFile, paths),
    st.builds(DeleteFolder, folders),
    st.builds(lambda path, source: CopyFile(path=path, source_path=source), paths, paths),
)


def apply(files: Files, wanted: list[Operation]) -> Files:
    """What the operations make of a tree, or the error they deserve."""
    base, files, written = files, dict(files), set()
    for operation in wanted:
        path = operation.path
        if isinstance(operation, DeleteFile):
            if path not in files:
                raise FileToDeleteNotFound(path=path)
            del files[path]
            continue
        if isinstance(operation, DeleteFolder):
            inside = [name for name in files if name.startswith(f"{path}/") or not path]
            if path and not inside:
                raise FileToDeleteNotFound(path=path)
            for name in inside:
                del files[name]
            continue
        assert isinstance(operation, AddFile | CopyFile)
        written.add(path)
        if isinstance(operation, CopyFile):
            if operation.source_path not in base:
                inside = [name for name in base if name.startswith(f"{operation.source_path}/")]
                raise InvalidCommit(reason="folder") if inside else EntryNotFound(path=path)
            content = base[operation.source_path]
        else:
            content = operation.content
        parents = {"/".join(path.split("/")[:depth]) for depth in range(1, path.count("/") + 1)}
        if parents & files.keys() or any(name.startswith(f"{path}/") for name in files):
            raise InvalidCommit(reason="in the way")
        files[path] = content
    return files


class HubMachine(RuleBasedStateMachine):
    """``history`` is the model of a branch: its commits, oldest first, each with all its files."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        url = f"sqlite:///{self.directory}/hub.sqlite3"
        prepare(url)
        self.hub = open_hub(url, self.directory)
        self.runner = asyncio.Runner()
        self.repository = self.hub.create()
        first = self.run(self.hub.revisions.resolve(self.repository, "main"))
        self.history: dict[str, list[tuple[str, Files]]] = {"main": [(first, {"README.md": b"# Hi\n"})]}
        self.tags: dict[str, tuple[str, Files]] = {}
        self.touched = {"main"}

    def run(self, work: Awaitable[T]) -> T:
        async def wait() -> T:
            return await work

        return self.runner.run(wait())

    def attempt(self, work: Awaitable[T], error: type[CommongroundError] | None) -> T | None:
        if error is None:
            return self.run(work)
        with pytest.raises(error):
            self.run(work)
        return None

    @rule(branch=branches, wanted=st.lists(operations, min_size=1, max_size=4), check_parent=st.booleans())
    def commit(self, branch: str, wanted: list[Operation], check_parent: bool) -> None:
        history = self.history.get(branch)
        written = [operation.path for operation in wanted if isinstance(operation, AddFile | CopyFile)]
        error: type[CommongroundError] | None = None
        files: Files = {}
        if len(set(written)) != len(written):
            error = InvalidCommit
        elif history is None:
            error = RevisionNotFound
        else:
            try:
                files = apply(history[-1][1], wanted)
            except CommongroundError as expected:
                error = type(expected)
        parent = history[-1][0] if history and check_parent else None
        made = self.attempt(
            self.hub.revisions.commit(self.repository, ADA, branch, request(*wanted, parent=parent)), error
        )
        self._append(branch, made, files)

    @rule(branch=branches)
    def commit_to_an_old_parent(self, branch: str) -> None:
        history = self.history.get(branch, [])
        if len(history) > 1:
            late = request(AddFile(path="late", content=b""), parent=history[-2][0])
            self.attempt(self.hub.revisions.commit(self.repository, ADA, branch, late), StaleParent)

    @rule(name=branches, start=branches, back=st.integers(0, 3), overwrite=st.booleans())
    def create_branch(self, name: str, start: str, back: int, overwrite: bool) -> None:
        source = self.history.get(start)
        kept = source[: max(1, len(source) - back)] if source else []
        error: type[CommongroundError] | None = None
        if not kept:
            error = RevisionNotFound
        elif name in self.history:
            error = None if overwrite else RefExists
        elif self._in_the_way(name):
            error = InvalidRef
        made = self.attempt(
            self.hub.revisions.create_branch(
                self.repository, ADA, name, starting_point=kept[-1][0] if kept else start, overwrite=overwrite
            ),
            error,
        )
        if made:
            self.history[name] = list(kept)
            self.touched.add(name)

    @rule(name=branches)
    def delete_branch(self, name: str) -> None:
        error: type[CommongroundError] | None = None
        if name == "main":
            error = InvalidRef
        elif name not in self.history:
            error = RevisionNotFound
        self.attempt(self.hub.revisions.delete_branch(self.repository, ADA, name), error)
        if error is None:
            del self.history[name]
            self.touched.discard(name)

    @rule(name=st.sampled_from(["v1", "v2"]), branch=branches, message=st.sampled_from([None, "annotated"]))
    def create_tag(self, name: str, branch: str, message: str | None) -> None:
        error: type[CommongroundError] | None = RevisionNotFound if branch not in self.history else None
        if error is None and name in self.tags:
            error = RefExists
        made = self.attempt(self.hub.revisions.create_tag(self.repository, ADA, name, branch, message=message), error)
        if made:
            self.tags[name] = self.history[branch][-1]

    @rule(name=st.sampled_from(["v1", "v2"]))
    def delete_tag(self, name: str) -> None:
        error = None if name in self.tags else RevisionNotFound
        self.attempt(self.hub.revisions.delete_tag(self.repository, ADA, name), error)
        self.tags.pop(name, None)

    @rule(branch=branches)
    def squash(self, branch: str) -> None:
        error = None if branch in self.history else RevisionNotFound
        made = self.attempt(self.hub.revisions.super_squash(self.repository, ADA, branch), error)
        if made:
            self.history[branch] = [(made.sha, self.history[branch][-1][1])]
            self.touched.add(branch)

    @rule(one=branches, other=branches)
    def push_two_branches_crosswise(self, one: str, other: str) -> None:
        if one == other or one not in self.history or other not in self.history:
            return
        heads = {name: self.history[name][-1][0] for name in (one, other)}
        updates = [
            RefUpdate(name=f"refs/heads/{one}", old=heads[one], new=heads[other]),
            RefUpdate(name=f"refs/heads/{other}", old=heads[other], new=heads[one]),
        ]
        self.run(self.hub.revisions.update_refs(self.repository, ADA, updates))
        self.history[one], self.history[other] = self.history[other], self.history[one]
        self.touched |= {one, other}

    @rule()
    def reindex(self) -> None:
        assert self.run(self.hub.revisions.reindex(self.repository.id))
        self.touched.add("main")

    @rule()
    def collect(self) -> None:
        self.run(self.hub.revisions.gc(self.repository))

    @precondition(lambda self: self.touched)
    @invariant()
    def touched_branches_are_as_expected(self) -> None:
        for branch in self.touched & self.history.keys():
            self._check(branch, *self.history[branch][-1])
        self.touched.clear()

    def teardown(self) -> None:
        try:
            self._check_everything()
        finally:
            self.hub.database.close()
            self.runner.close()
            shutil.rmtree(self.directory)

    def _append(self, branch: str, made: Commit | None, files: Files) -> None:
        if made:
            assert made.parents == (self.history[branch][-1][0],)
            self.history[branch].append((made.sha, files))
            self.touched.add(branch)

    def _in_the_way(self, name: str) -> bool:
        return any(name.startswith(f"{other}/") or other.startswith(f"{name}/") for other in self.history)

    def _check(self, revision: str, sha: str, files: Files) -> None:
        revisions, repository = self.hub.revisions, self.repository
        assert self.run(revisions.resolve(repository, revision)) == sha
        page = self.run(revisions.tree(repository, revision, recursive=True))
        listed = {entry.path: entry for entry in page.items if entry.type == "file"}
        assert {path: self.run(revisions.read(repository, entry)) for path, entry in listed.items()} == files
        for path in ("a", "d/e/b", "README.md"):
            found = listed.get(path)
            if found:
                assert self.run(revisions.entry(repository, revision, path)) == (sha, found)
            else:
                with pytest.raises(EntryNotFound):
                    self.run(revisions.entry(repository, revision, path + ("/missing" if path == "a" else "")))

    def _check_everything(self) -> None:
        revisions, repository = self.hub.revisions, self.repository
        for branch, history in self.history.items():
            found = self.run(revisions.history(repository, branch, limit=1000)).items
            assert [commit.sha for commit in reversed(found)] == [sha for sha, _ in history]
            for sha, files in history:
                self._check(sha, sha, files)
            self._check_last_commits(branch, history)
        for tag, (sha, files) in self.tags.items():
            self._check(tag, sha, files)
        assert {ref.short for ref in self.run(revisions.refs(repository))} == {*self.history, *self.tags}
        assert self.run(revisions.fsck(repository)) == []

    def _check_last_commits(self, branch: str, history: list[tuple[str, Files]]) -> None:
        last: dict[str, str] = {}
        for (sha, files), before in zip(history, [{}, *(files for _, files in history)], strict=False):
            last |= {path: sha for path, content in files.items() if before.get(path) != content}
        paths = list(history[-1][1])
        found = self.run(self.hub.revisions.paths(self.repository, branch, paths, expand=True))
        assert {entry.path: entry.last_commit.sha for entry in found if entry.last_commit} == {
            path: last[path] for path in paths
        }


HubMachine.TestCase.settings = settings(
    max_examples=max(1, STEPS // STEPS_A_HISTORY),
    stateful_step_count=STEPS_A_HISTORY,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestHub = HubMachine.TestCase
