"""The git objects of one repository inside one transaction, through the memory cache."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from commonground.errors import CorruptBlob
from commonground.hub.revisions import object_queries
from commonground.hub.revisions.cache import LruCache
from commonground.hub.revisions.objects import (
    COMMIT,
    EMPTY_TREE,
    TAG,
    TREE,
    CommitObject,
    GitObject,
    decode_commit,
    decode_tag,
)
from commonground.hub.revisions.pending import Pending
from commonground.hub.revisions.trees import TreeEntry, find_entry

ObjectCache = LruCache[tuple[int, bytes], GitObject]


def object_cache(limit: int) -> ObjectCache:
    """A cache of at most ``limit`` bytes."""
    return LruCache(limit, lambda item: 300 + len(item.body or b""))


class ObjectView:
    """Reads objects for the time of one transaction. Missing or damaged objects are :class:`CorruptBlob`: whoever made
    them reachable had checked that they are there.
    """

    def __init__(self, connection: Connection, repository_id: int, cache: ObjectCache, pending: Pending) -> None:
        self.connection = connection
        self.repository_id = repository_id
        self._cache = cache
        self._pending = pending
        self._drafts: dict[bytes, GitObject] = {}

    @contextmanager
    def having(self, objects: Iterable[GitObject]) -> Iterator[None]:
        """See also these objects, which are not written yet, until the block ends."""
        self._drafts = {item.sha: item for item in objects}
        try:
            yield
        finally:
            self._drafts = {}

    def get(self, sha: bytes) -> GitObject | None:
        """An object, or ``None``."""
        found = self._cached(sha)
        if found is None:
            found = object_queries.get_object(self.connection, self.repository_id, sha)
            if found is not None:
                self._cache.put((self.repository_id, sha), found)
        return found

    def many(self, shas: Iterable[bytes]) -> dict[bytes, GitObject]:
        """Those of the objects that exist, by id, in few statements."""
        found = {sha: item for sha in shas if (item := self._cached(sha))}
        missing = [sha for sha in shas if sha not in found]
        loaded = object_queries.get_objects(self.connection, self.repository_id, missing)
        for sha, item in loaded.items():
            self._cache.put((self.repository_id, sha), item)
        return found | loaded

    def tree(self, sha: bytes) -> bytes:
        """The body of a tree."""
        return b"" if sha == EMPTY_TREE else self._body(sha, TREE)

    def commit(self, sha: bytes) -> CommitObject:
        """A commit, decoded."""
        try:
            return decode_commit(self._body(sha, COMMIT))
        except ValueError as error:
            raise CorruptBlob(oid=sha.hex()) from error

    def entry(self, tree: bytes, segments: Iterable[bytes]) -> TreeEntry | None:
        """The entry at a path below a tree, or ``None``."""
        entry: TreeEntry | None = None
        for segment in segments:
            if entry is not None and not entry.is_folder:
                return None
            entry = find_entry(self.tree(entry.sha if entry else tree), segment)
            if entry is None:
                return None
        return entry

    def is_pending_commit(self, sha: bytes) -> bool:
        """Whether ``sha`` is a commit that is being prepared."""
        return self._pending.is_commit(self.repository_id, sha)

    def peel(self, sha: bytes) -> bytes | None:
        """The commit behind an object: itself, or what a tag (of a tag...) names; ``None`` for other kinds."""
        for _ in range(10):
            found = self.get(sha)
            if found is None or found.kind != TAG or found.body is None:
                return sha if found and found.kind == COMMIT else None
            sha, _kind = decode_tag(found.body)
        return None

    def _body(self, sha: bytes, kind: int) -> bytes:
        found = self.get(sha)
        if found is None or found.kind != kind or found.body is None:
            raise CorruptBlob(oid=sha.hex())
        return found.body

    def _cached(self, sha: bytes) -> GitObject | None:
        return (
            self._cache.get((self.repository_id, sha))
            or self._drafts.get(sha)
            or self._pending.object(self.repository_id, sha)
        )
