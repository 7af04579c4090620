"""Checks what a push would make visible: everything is there, small enough, and the pusher's to use."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from commonground.errors import PushRejected
from commonground.gateways.git.fsck import gitmodules_problem, is_gitmodules
from commonground.gateways.git.graph import Graph, MissingObject
from commonground.gateways.git.objects import Objects
from commonground.gateways.git.unpack import Unpacked
from commonground.gateways.git.walk import Found, new_objects
from commonground.hub.revisions.objects import COMMIT, parse_pointer
from commonground.hub.revisions.trees import DIRECTORY
from commonground.store.model import StoredFile

BLOCK = 500
SHOWN = 5


class Contents(Protocol):
    """Looks up content by SHA-256 on behalf of the pusher."""

    def usable(self, sha256s: Sequence[bytes]) -> Mapping[bytes, StoredFile]:
        """Those the pusher may put into the repository."""
        ...


class Incoming:
    """The objects of one push. ``links`` collects the LFS content that becomes part of the repository, by path."""

    def __init__(self, objects: Objects, contents: Contents, unpacked: Unpacked, had: Iterable[bytes]) -> None:
        self.graph = Graph(objects)
        self.links: dict[bytes, tuple[StoredFile, str]] = {}
        self._objects, self._contents, self._unpacked = objects, contents, unpacked
        self._had = list(had)

    def check(self, tip: bytes, *, branch: bool) -> Iterator[int]:
        """Check everything ``tip`` brings, yielding the number of files seen from time to time.

        Raises :class:`PushRejected` with the reason. What passed counts as had for the next tip.
        """
        try:
            target = self._target(tip, branch=branch)
            yield from self._check_new(target)
        except MissingObject as error:
            raise PushRejected(reason=str(error)) from None
        self._had.append(target)

    def _target(self, tip: bytes, *, branch: bool) -> bytes:
        tags, kind, target = self.graph.peel(tip)
        if kind != COMMIT:
            raise PushRejected(reason="only commits can be named by a ref here")
        if tags and branch:
            raise PushRejected(reason="a branch names a commit, not a tag")
        return target

    def _check_new(self, target: bytes) -> Iterator[int]:
        commits = self.graph.between([target], self._had)
        block: list[Found] = []
        count = 0
        for found in new_objects(self._objects, self.graph, commits):
            if found.mode == DIRECTORY:
                continue
            block.append(found)
            if len(block) == BLOCK:
                self._check_files(block)
                count += len(block)
                yield count
                block = []
        self._check_files(block)

    def _check_files(self, files: Sequence[Found]) -> None:
        oversize = self._unpacked.oversize
        for found in files:
            if found.sha in oversize:
                raise PushRejected(reason=_advice(found.path, oversize[found.sha]))
        blobs = self._unpacked.blobs
        self._check_brought([found for found in files if found.sha in blobs])
        self._check_known([found for found in files if found.sha not in blobs])

    def _check_brought(self, files: Sequence[Found]) -> None:
        """Files whose blobs this push brought."""
        special = [found for found in files if found.sha in self._unpacked.pointers or is_gitmodules(_name(found))]
        bodies = {sha: body for sha, _, body in self._objects.read([found.sha for found in special])}
        pointers = []
        for found in special:
            body = bodies[found.sha]
            if is_gitmodules(_name(found)) and (reason := gitmodules_problem(body)):
                raise PushRejected(reason=f"{_shown(found.path)}: {reason}")
            if found.sha not in self._unpacked.pointers:
                continue
            if (pointer := parse_pointer(body)) is None:
                raise PushRejected(reason=f"{_shown(found.path)} is a malformed LFS pointer")
            pointers.append((found, *pointer))
        self._link(pointers)

    def _check_known(self, files: Sequence[Found]) -> None:
        """Files whose blobs were here before: moved files, or the rest of a push that failed."""
        blobs = self._objects.blobs([found.sha for found in files])
        for found in files:
            if found.sha not in blobs:
                raise MissingObject(found.sha)
        self._link([(found, *pointer) for found in files if (pointer := blobs[found.sha].pointer)])

    def _link(self, pointers: Sequence[tuple[Found, bytes, int]]) -> None:
        if not pointers:
            return
        usable = self._contents.usable(list({sha256 for _, sha256, _ in pointers}))
        missing = []
        for found, sha256, size in pointers:
            file = usable.get(sha256)
            if file is None:
                missing.append(f"{_shown(found.path)} ({sha256.hex()})")
            elif file.size != size:
                raise PushRejected(
                    reason=f"{_shown(found.path)} says its LFS content has {size} bytes, it has {file.size}"
                )
            else:
                self.links.setdefault(sha256, (file, _shown(found.path)))
        if missing:
            more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
            names = ", ".join(missing[:SHOWN]) + more
            raise PushRejected(reason=f"LFS content is missing, upload it with 'git lfs push': {names}")


def _advice(path: bytes, size: int) -> str:
    name = _shown(path)
    return (
        f"{name} has {size} bytes, too many for a plain file: use git-lfs (git lfs migrate import --include='{name}')"
    )


def _name(found: Found) -> bytes:
    return found.path.rpartition(b"/")[2]


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")
