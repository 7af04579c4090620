"""Reading trees: one entry, some entries, pages of a folder."""

from collections.abc import Iterator, Sequence

import msgspec
from sqlalchemy import Connection

from commonground.errors import EntryNotFound, InvalidPath, RevisionNotFound
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions import path_queries
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.cursors import decode_cursor, encode_cursor
from commonground.hub.revisions.entries import Located, describe, describe_one
from commonground.hub.revisions.last_commits import last_commits
from commonground.hub.revisions.model import Entry, Page
from commonground.hub.revisions.object_view import ObjectView
from commonground.hub.revisions.paths import is_path, split_folder, split_path
from commonground.hub.revisions.refnames import FULL_ID, HEADS
from commonground.hub.revisions.resolving import find_ref, resolve_commit
from commonground.hub.revisions.trees import TreeEntry, iterate_tree

PAGE_LIMIT = 10_000
EXPANDED_PAGE_LIMIT = 100


class Listing:
    """Looks into the trees of revisions."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def resolve(self, repository: Repository, revision: str) -> str:
        """The commit of a revision, 40 hex digits; :class:`RevisionNotFound`."""
        if FULL_ID.fullmatch(revision) and self._context.reachable.knows(repository, bytes.fromhex(revision)):
            return revision
        return (await self._context.database.lookup(self._resolve, repository, revision)).hex()

    async def entry(self, repository: Repository, revision: str, path: str) -> tuple[str, Entry]:
        """Commit and entry of a path; :class:`RevisionNotFound`, :class:`EntryNotFound` (its detail ``commit`` names
        the revision that lacks the path).
        """
        if FULL_ID.fullmatch(revision):
            sha = bytes.fromhex(revision)
            known = self._context.entries.get((repository.id, sha, path))
            if known and self._context.reachable.knows(repository, sha):
                return revision, known
        commit, entry = await self._context.database.lookup(self._entry, repository, revision, path)
        return commit.hex(), entry

    async def paths(
        self, repository: Repository, revision: str, paths: Sequence[str], *, expand: bool = False
    ) -> list[Entry]:
        """Entries of the paths that exist, in the order asked for."""
        return await self._context.database.read(self._paths, repository, revision, paths, expand)

    async def tree(
        self,
        repository: Repository,
        revision: str,
        path: str = "",
        *,
        recursive: bool = False,
        expand: bool = False,
        cursor: str | None = None,
        limit: int = 1000,
    ) -> Page[Entry]:
        """A page of what is below a folder, in git's order; pages of one list all come from one commit."""
        limit = max(1, min(limit, EXPANDED_PAGE_LIMIT if expand else PAGE_LIMIT))
        return await self._context.database.read(
            self._tree, repository, revision, path, recursive, expand, cursor, limit
        )

    async def expand(self, repository: Repository, commit: str, entries: Sequence[Entry]) -> list[Entry]:
        """Entries of a commit with the last commit of each."""
        return await self._context.database.read(self._expand, repository, commit, entries)

    def _resolve(self, connection: Connection, repository: Repository, revision: str) -> bytes:
        view = self._context.view(connection, repository.id)
        return resolve_commit(view, self._context.reachable, repository, revision)

    def _entry(self, connection: Connection, repository: Repository, revision: str, path: str) -> tuple[bytes, Entry]:
        view = self._context.view(connection, repository.id)
        ref = None if FULL_ID.fullmatch(revision) else find_ref(view, repository, revision)
        if ref:
            commit = bytes.fromhex(ref.target)
        else:
            commit = resolve_commit(view, self._context.reachable, repository, revision)
        key = (repository.id, commit, path)
        if known := self._context.entries.get(key):
            return commit, known
        indexed = ref is not None and ref.name == HEADS + repository.default_branch
        entry, settled = self._find(view, repository, commit, path, indexed=indexed)
        if settled:
            self._context.entries.put(key, entry)
        return commit, entry

    def _find(
        self, view: ObjectView, repository: Repository, commit: bytes, path: str, *, indexed: bool
    ) -> tuple[Entry, bool]:
        if indexed and is_path(path):
            ref = HEADS + repository.default_branch
            row = path_queries.indexed_file(view.connection, repository.id, ref, commit, path)
            if row:
                found = TreeEntry(row.mode, b"", row.sha)
                size = None if row.size is None else (row.size, row.pointer_sha256, row.pointer_size or 0)
                return describe_one(view.connection, self._context, repository.id, path, found, size)
        walked = find_path(view, view.commit(commit).tree, path)
        if walked is None:
            raise EntryNotFound(path=path, commit=commit.hex())
        [entry] = describe(view.connection, self._context, repository.id, [(path, walked)])
        return entry, entry.lfs is None

    def _paths(
        self, connection: Connection, repository: Repository, revision: str, paths: Sequence[str], expand: bool
    ) -> list[Entry]:
        view = self._context.view(connection, repository.id)
        commit = resolve_commit(view, self._context.reachable, repository, revision)
        tree = view.commit(commit).tree
        wanted = dict.fromkeys(path.strip("/") for path in paths)
        found = [(path, entry) for path in wanted if (entry := find_path(view, tree, path))]
        return self._described(view, commit, found, expand=expand)

    def _tree(
        self,
        connection: Connection,
        repository: Repository,
        revision: str,
        path: str,
        recursive: bool,
        expand: bool,
        cursor: str | None,
        limit: int,
    ) -> Page[Entry]:
        view = self._context.view(connection, repository.id)
        after = ""
        if cursor is not None:
            revision, after = decode_cursor(cursor, tuple[str, str])
            if not FULL_ID.fullmatch(revision):
                raise RevisionNotFound(revision=revision[:200])
        commit = resolve_commit(view, self._context.reachable, repository, revision)
        tree, prefix = _folder(view, commit, path)
        found: list[Located] = []
        for located in walk(view, tree, prefix, after.encode(), recursive=recursive):
            if len(found) == limit:
                break
            found.append(located)
        else:
            return Page(self._described(view, commit, found, expand=expand))
        last, entry = found[-1]
        more = encode_cursor((commit.hex(), f"{last}/" if entry.is_folder else last))
        return Page(self._described(view, commit, found, expand=expand), more)

    def _expand(
        self, connection: Connection, repository: Repository, commit: str, entries: Sequence[Entry]
    ) -> list[Entry]:
        view = self._context.view(connection, repository.id)
        found = [(entry.path, TreeEntry(entry.mode, b"", bytes.fromhex(entry.oid))) for entry in entries]
        return self._with_commits(view, bytes.fromhex(commit), found, entries)

    def _described(self, view: ObjectView, commit: bytes, found: Sequence[Located], *, expand: bool) -> list[Entry]:
        entries = describe(view.connection, self._context, view.repository_id, found)
        return self._with_commits(view, commit, found, entries) if expand else entries

    def _with_commits(
        self, view: ObjectView, commit: bytes, found: Sequence[Located], entries: Sequence[Entry]
    ) -> list[Entry]:
        commits = last_commits(view, self._context.last_commits, commit, found)
        shown = {sha: view.commit(sha).shown(sha) for sha in set(commits.values())}
        return [
            msgspec.structs.replace(entry, last_commit=shown.get(commits.get(entry.path, b""))) for entry in entries
        ]


def find_path(view: ObjectView, tree: bytes, path: str) -> TreeEntry | None:
    """The entry at a path below a tree; what is no valid path names nothing."""
    try:
        return view.entry(tree, split_path(path))
    except InvalidPath:
        return None


def walk(view: ObjectView, tree: bytes, prefix: str, after: bytes, *, recursive: bool) -> Iterator[Located]:
    """Paths and entries below a tree in git's order, a folder before its content, from behind ``after``: the path of
    the last one seen, with a slash at its end if it is a folder.
    """
    for entry in iterate_tree(view.tree(tree)):
        path = prefix + entry.name.decode()
        key = path.encode() + (b"/" if entry.is_folder else b"")
        passed = key <= after
        if not passed:
            yield path, entry
        if recursive and entry.is_folder and (not passed or after.startswith(key)):
            yield from walk(view, entry.sha, f"{path}/", after, recursive=True)


def _folder(view: ObjectView, commit: bytes, path: str) -> tuple[bytes, str]:
    root = view.commit(commit).tree
    try:
        segments = split_folder(path)
    except InvalidPath:
        raise EntryNotFound(path=path[:200], commit=commit.hex()) from None
    if not segments:
        return root, ""
    entry = view.entry(root, segments)
    if entry is None or not entry.is_folder:
        raise EntryNotFound(path=path, commit=commit.hex())
    return entry.sha, f"{path.removesuffix('/')}/"
