"""Commits, refs, tree entries and the operations a commit is made of. Object ids are 40 hex digits, SHA-256 64."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

import msgspec
from sqlalchemy import Connection

if TYPE_CHECKING:
    from commonground.hub.repositories.model import Repository

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


class AddStored(msgspec.Struct, frozen=True, kw_only=True):
    """Write a file whose content is in the store already, in the form in which it would have been asked for: a plain
    blob where the rules of the repository make it one (a small text), else LFS. ``size`` may be left out.
    """

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


Operation = AddFile | AddPointer | AddStored | CopyFile | DeleteFile | DeleteFolder


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


class RefUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a push: the full name of a ref, where it is and where it shall point; ``ZERO`` for no ref."""

    name: str
    old: str
    new: str


class UploadFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file a client is about to send: ``sample`` holds its first bytes."""

    path: str
    size: int
    sample: bytes = b""


class UploadDecision(msgspec.Struct, frozen=True, kw_only=True):
    """How a file shall be sent. ``oid`` is what the revision has at the path now: SHA-256 of an LFS file, else SHA-1."""

    path: str
    mode: Literal["lfs", "regular"]
    ignored: bool = False
    oid: str | None = None


class Source(msgspec.Struct, frozen=True):
    """Where the bytes of a file are: in memory (``data``), or in the store under ``file_hash`` (32 raw bytes)."""

    size: int
    data: bytes | None = None
    file_hash: bytes | None = None


class HeadObserver(Protocol):
    """Derives what is kept about a repository from the head of its default branch."""

    async def prepare(
        self, repository: "Repository", commit: str, entries_changed: Sequence[str]
    ) -> Callable[[Connection], None]:
        """Read what is needed from ``commit`` (readable already, through the services, but not yet published) and
        return a function that writes the result. It runs inside the transaction that moves the branch, or not at all.
        ``entries_changed`` holds the paths of files that were added, changed or removed.
        """
        ...
