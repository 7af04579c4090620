"""The folders of one attempt: inputs to read, outputs to fill, a checkpoint that outlives the attempt."""

import asyncio
import os
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from commonground.compute.runs.model import Claim, Link
from commonground.errors import InvalidOutput, InvalidPath
from commonground.hub.repositories.model import Repository
from commonground.hub.repositories.service import Repositories
from commonground.hub.revisions.model import Entry
from commonground.hub.revisions.service import Revisions

MOST_FILES = 100_000
"""Most files of one output."""


class Workspace:
    """``runs/<id>/<attempt>`` below a folder of the worker; ``runs/<id>/checkpoint`` stays until the run succeeds."""

    def __init__(self, root: Path, claim: Claim) -> None:
        self._run = root / str(claim.run.id)
        self.folder = self._run / f"attempt-{claim.run.attempt}-{claim.fence}"
        self.checkpoint = self._run / "checkpoint"
        self.work, self.home = self.folder / "work", self.folder / "home"
        self.launch = self.folder / "launch"
        self._inputs, self._outputs = self.folder / "inputs", self.folder / "outputs"

    def input(self, name: str) -> Path:
        """The folder of an input."""
        return self._inputs / name

    def output(self, name: str) -> Path:
        """The folder of an output."""
        return self._outputs / name

    def create(self, claim: Claim) -> None:
        """Make the folders; only the worker's user may look into them."""
        self.remove()
        folders = [
            self.work,
            self.home,
            self.launch,
            self.checkpoint,
            self._inputs,
            *map(self.output, claim.run.spec.outputs),
        ]
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)

    def clear(self) -> None:
        """Empty what the processes of this attempt wrote, but for the checkpoint."""
        for folder in [self.work, self.home, self.launch, *self._outputs.glob("*")]:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)

    def remove(self) -> None:
        """Remove the attempt's folders, read-only ones too."""
        for parent, folders, _ in os.walk(self.folder):
            for name in folders:
                path = Path(parent, name)
                if not path.is_symlink():
                    path.chmod(0o700)
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):  # a checkpoint that holds something stays
            self.checkpoint.rmdir()
            self._run.rmdir()

    def remove_all(self) -> None:
        """Remove what is left of the run, with its checkpoint."""
        self.remove()
        shutil.rmtree(self._run, ignore_errors=True)

    def files(self, name: str) -> Iterator[tuple[str, Path]]:
        """The files of an output with their paths in it. :class:`InvalidOutput` for anything but plain files, for too
        many, and for none: a link would publish what lies outside.
        """
        root, count = self.output(name), 0
        for parent, folders, files in os.walk(root):
            for found in sorted(folders + files):
                path = Path(parent, found)
                if path.is_symlink() or not (path.is_dir() or stat.S_ISREG(path.stat().st_mode)):
                    raise InvalidOutput(name=name, reason=f"{path.relative_to(root)} is not a plain file")
            folders.sort()
            for found in sorted(files):
                count += 1
                if count > MOST_FILES:
                    raise InvalidOutput(name=name, reason=f"it has more than {MOST_FILES} files")
                yield Path(parent, found).relative_to(root).as_posix(), Path(parent, found)
        if not count:
            raise InvalidOutput(name=name, reason="the run left nothing in its folder")


class Inputs:
    """Brings revisions onto the disk, read only."""

    def __init__(self, repositories: Repositories, revisions: Revisions) -> None:
        self._repositories, self._revisions = repositories, revisions

    async def materialise(self, link: Link, folder: Path) -> int:
        """Write the files of an input below ``folder``; their size in bytes. An input that names a file is the folder
        with that one file.
        """
        repository = await self._repositories.by_id(link.repository_id)
        size, commit = 0, link.commit or ""
        await asyncio.to_thread(folder.mkdir, parents=True)
        async for entry in self._entries(repository, link, commit):
            target = folder / _inside(entry.path, link.path)
            with _created(target) as file:
                async for part in self._revisions.stream(repository, entry):
                    file.write(part)
            target.chmod(0o555 if entry.mode & 0o111 else 0o444)
            size += entry.size
        await asyncio.to_thread(_seal, folder)
        return size

    async def _entries(self, repository: Repository, link: Link, commit: str) -> AsyncIterator[Entry]:
        if link.path:
            _, entry = await self._revisions.entry(repository, commit, link.path)
            if entry.type == "file":
                yield entry
                return
        cursor: str | None = None
        while True:
            page = await self._revisions.tree(repository, commit, link.path, recursive=True, cursor=cursor)
            for entry in page.items:
                if entry.type == "file":
                    yield entry
            if (cursor := page.cursor) is None:
                return


def _created(target: Path) -> BinaryIO:
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.open("xb")


def _seal(folder: Path) -> None:
    for parent, _, _ in os.walk(folder):
        Path(parent).chmod(0o555)


def _inside(path: str, root: str) -> PurePosixPath:
    """A path of a tree below ``root``, which cannot lead out of the folder."""
    shown = PurePosixPath(path).name if path == root else path.removeprefix(f"{root}/" if root else "")
    found = PurePosixPath(shown)
    if found.is_absolute() or ".." in found.parts or not found.parts:
        raise InvalidPath(path=path, reason="it leads out of its folder")
    return found
