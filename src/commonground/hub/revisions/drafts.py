"""A commit worked out against one head of a branch, before anything is written."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection

from commonground.errors import (
    ContentMissing,
    EntryNotFound,
    InvalidCommit,
    SizeMismatch,
    StaleParent,
)
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.differences import compare_trees
from commonground.hub.revisions.editing import Folder
from commonground.hub.revisions.model import (
    AddFile,
    AddPointer,
    AddStored,
    Commit,
    CommitRequest,
    CopyFile,
    DeleteFile,
    DeleteFolder,
    Operation,
)
from commonground.hub.revisions.object_view import ObjectView
from commonground.hub.revisions.objects import (
    BLOB,
    COMMIT,
    GitObject,
    decode_commit,
    encode_commit,
    encode_pointer,
    make_object,
    pack,
)
from commonground.hub.revisions.path_index import IndexDelta, step_delta
from commonground.hub.revisions.paths import split_folder, split_path
from commonground.hub.revisions.publishing import Linked
from commonground.hub.revisions.reachability import Reachability
from commonground.hub.revisions.resolving import resolve_commit
from commonground.hub.revisions.trees import EXECUTABLE, FILE, TreeEntry
from commonground.store.model import StoredFile
from commonground.store.service import Store

OPERATIONS_LIMIT = 100_000
_SURROGATE = re.compile("[\ud800-\udfff]")
_PARENT = re.compile(r"[0-9a-fA-F]{7,40}")


class Staged(NamedTuple):
    """Blobs of the files to add, by path; the bodies of large ones are in the store already. Content of the store that
    shall be an LFS file has none.
    """

    blobs: dict[str, GitObject]
    files: list[Linked]


class Draft(NamedTuple):
    """A commit ready to be written."""

    head: bytes
    sha: bytes
    commit: Commit
    objects: list[GitObject]
    links: list[Linked]
    changed: list[str]
    delta: IndexDelta | None


class Author(NamedTuple):
    """Who commits, and when (UTC seconds)."""

    uploader: int | None
    name: str
    email: str
    seconds: int


def check_request(request: CommitRequest) -> None:
    """Refuse what no state of the branch could make valid."""
    if not request.title.strip():
        raise InvalidCommit(reason="it has no title")
    if len(request.operations) > OPERATIONS_LIMIT:
        raise InvalidCommit(reason=f"it has more than {OPERATIONS_LIMIT} operations")
    if request.parent is not None and not _PARENT.fullmatch(request.parent):
        raise InvalidCommit(reason="the parent is not a commit id of 7 to 40 hex digits")
    check_message(message(request))
    written: set[str] = set()
    for operation in request.operations:
        if isinstance(operation, DeleteFolder):
            split_folder(operation.path)
            continue
        split_path(operation.path)
        if isinstance(operation, DeleteFile):
            continue
        if operation.path in written:
            raise InvalidCommit(reason=f"it writes {operation.path} twice")
        written.add(operation.path)


def message(request: CommitRequest) -> str:
    """The commit message."""
    return f"{request.title}\n\n{request.description}" if request.description else request.title


def check_message(text: str) -> None:
    """Refuse what git could not keep as a message."""
    if not text.strip() or "\0" in text or _SURROGATE.search(text):
        raise InvalidCommit(reason="the message is empty or not text")


class Drafter:
    """Works out one request against one head; lives as long as a read transaction."""

    def __init__(self, view: ObjectView, store: Store, reachable: Reachability, repository: Repository) -> None:
        self._view = view
        self._store = store
        self._reachable = reachable
        self._repository = repository
        self._objects: dict[bytes, GitObject] = {}
        self._links: list[Linked] = []

    def draft(self, head: bytes, request: CommitRequest, staged: Staged, author: Author) -> Draft:
        """The commit that follows ``head``; :class:`StaleParent` if the request wants another one."""
        if request.parent and not is_prefix(request.parent, head):
            raise StaleParent
        base = self._view.commit(head).tree
        root = Folder(self._view.tree, base)
        self._links += staged.files
        for operation in request.operations:
            self._apply(root, base, operation, staged.blobs, author.uploader)
        tree, trees = root.write()
        body = encode_commit(tree, (head,), author.name, author.email, author.seconds, message(request))
        commit = make_object(COMMIT, body)
        objects = [pack(item) for item in (*self._objects.values(), *trees, commit)]
        return self._finish(head, base, tree, commit, objects)

    def _finish(self, head: bytes, base: bytes, tree: bytes, commit: GitObject, objects: list[GitObject]) -> Draft:
        with self._view.having(objects):
            differences = list(compare_trees(self._view, base, tree))
        changed = [found.path for found in differences if found.is_file]
        delta = step_delta(head, commit.sha, differences)
        shown = decode_commit(commit.body or b"").shown(commit.sha)
        return Draft(head, commit.sha, shown, objects, self._links, changed, delta)

    def _apply(
        self, root: Folder, base: bytes, operation: Operation, blobs: Mapping[str, GitObject], account_id: int | None
    ) -> None:
        match operation:
            case AddFile():
                self._put(root, operation.path, EXECUTABLE if operation.executable else FILE, blobs[operation.path])
            case AddPointer():
                self._put(root, operation.path, FILE, self._pointer(operation, account_id))
            case AddStored():
                blob = blobs.get(operation.path) or self._pointer(operation, account_id)
                self._put(root, operation.path, FILE, blob)
            case CopyFile():
                source = self._source(base, operation)
                root.put(split_path(operation.path), source.mode, source.sha)
            case DeleteFile():
                root.delete_file(split_path(operation.path))
            case DeleteFolder():
                root.delete_folder(split_folder(operation.path))

    def _put(self, root: Folder, path: str, mode: int, blob: GitObject) -> None:
        root.put(split_path(path), mode, blob.sha)
        self._objects[blob.sha] = blob

    def _pointer(self, operation: AddPointer | AddStored, account_id: int | None) -> GitObject:
        file = usable_file(self._view.connection, self._store, self._repository.id, account_id, operation)
        self._links.append(Linked(file, operation.path))
        return make_object(BLOB, encode_pointer(content_id(operation), file.size))

    def _source(self, base: bytes, operation: CopyFile) -> TreeEntry:
        if operation.source_revision is not None:
            commit = resolve_commit(self._view, self._reachable, self._repository, operation.source_revision)
            base = self._view.commit(commit).tree
        entry = self._view.entry(base, split_path(operation.source_path))
        if entry is None:
            raise EntryNotFound(path=operation.source_path)
        if entry.is_folder:
            raise InvalidCommit(reason=f"{operation.source_path} is a folder; only files can be copied")
        return entry


def is_prefix(parent: str, head: bytes) -> bool:
    """Whether a full or abbreviated id (at least 7 digits) means ``head``."""
    return head.hex().startswith(parent.lower())


def usable_file(
    connection: Connection, store: Store, repository_id: int, account_id: int | None, operation: AddPointer | AddStored
) -> StoredFile:
    """The content an operation names, if the account may put it into the repository; :class:`ContentMissing`,
    :class:`SizeMismatch`.
    """
    file = store.usable(connection, account_id, repository_id, content_id(operation))
    if file is None:
        raise ContentMissing(oid=operation.sha256, path=operation.path)
    if operation.size is not None and operation.size != file.size:
        raise SizeMismatch(actual=file.size, expected=operation.size)
    return file


def content_id(operation: AddPointer | AddStored) -> bytes:
    """The SHA-256 an operation names, raw; :class:`InvalidCommit`."""
    try:
        raw = bytes.fromhex(operation.sha256)
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise InvalidCommit(reason=f"the oid of {operation.path} is not a SHA-256")
    return raw
