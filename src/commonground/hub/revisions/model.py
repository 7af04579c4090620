"""Commits, refs, tree entries and the operations a commit is made of. Object ids are 40 hex digits, SHA-256 64."""

from typing import Generic, Literal, TypeVar

import msgspec

T = TypeVar("T")

ZERO = "0" * 40


class Ref(msgspec.Struct, frozen=True):
    """A named revision: ``name`` is full (``refs/heads/main``), ``sha`` what git advertises, ``target`` the commit."""

    name: str
    sha: str
    target: str

    @property
    def short(self) -> str:
        """The name without ``refs/heads/`` or ``refs/tags/``."""
        return self.name.removeprefix("refs/heads/").removeprefix("refs/tags/")


class Pointer(msgspec.Struct, frozen=True):
    """A git LFS pointer: the content's SHA-256 and size, and the size of the pointer text itself."""

    sha256: str
    size: int
    pointer_size: int


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit. ``date`` is the author's time in UTC milliseconds."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author_name: str
    author_email: str
    date: int
    message: str

    @property
    def title(self) -> str:
        """The first line of the message."""
        return self.message.split("\n", 1)[0]

    @property
    def body(self) -> str:
        """The message below its title."""
        return self.message.partition("\n")[2].strip("\n")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One path of a tree. ``size`` is what a reader downloads: for LFS the content, not the pointer; 0 for a folder."""

    path: str
    type: Literal["file", "directory"]
    mode: int
    oid: str  # git SHA-1 of the blob or tree
    size: int = 0
    lfs: Pointer | None = None
    xet_hash: str | None = None  # 64 hex, when the content is in the store and readable through Xet
    last_commit: Commit | None = None


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A part of a list; ``cursor`` continues it and is ``None`` on the last part."""

    items: list[T]
    cursor: str | None = None


class AddFile(msgspec.Struct, frozen=True, kw_only=True):
    """Write a regular file."""

    path: str
    content: bytes
    executable: bool = False


class AddPointer(msgspec.Struct, frozen=True, kw_only=True):
    """Write an LFS file whose content is in the store already. ``size`` may be left out."""

    path: str
    sha256: str
    size: int | None = None


class CopyFile(msgspec.Struct, frozen=True, kw_only=True):
    """Copy a path of another revision of the same repository."""

    path: str
    source_path: str
    source_revision: str | None = None


class DeleteFile(msgspec.Struct, frozen=True):
    """Remove a file."""

    path: str


class DeleteFolder(msgspec.Struct, frozen=True):
    """Remove a folder and everything below it; the empty path empties the tree."""

    path: str


Operation = AddFile | AddPointer | CopyFile | DeleteFile | DeleteFolder


class CommitRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A commit to make. ``parent`` (full or abbreviated SHA-1) makes it conditional on the branch's head."""

    title: str
    description: str = ""
    parent: str | None = None
    operations: list[Operation] = []


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """How one path differs between two trees; a side that lacks it is ``None``."""

    path: str
    before: Entry | None
    after: Entry | None
