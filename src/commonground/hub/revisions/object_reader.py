"""The git objects of one repository for code that runs in threads: the other side of a git connection."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Self

from sqlalchemy import Connection

from commonground.errors import InvalidPath, PushRejected
from commonground.hub.revisions import contents, object_queries
from commonground.hub.revisions.closure import reachable_objects
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.landing import INLINE_LIMIT, batches
from commonground.hub.revisions.objects import (
    BLOB,
    COMMIT,
    TAG,
    TREE,
    GitObject,
    decode_commit,
    decode_tag,
    make_object,
    object_id,
    pack,
)
from commonground.hub.revisions.trees import check_tree
from commonground.store.model import StoredFile

BLOCK = 64  # bodies read at once


class Blob(NamedTuple):
    """What is known of a blob without its body; ``pointer`` are the SHA-256 and size an LFS pointer names."""

    size: int
    pointer: tuple[bytes, int] | None


class ObjectReader:
    """Reads and adds objects. Ids are 20 raw bytes, kinds git's type numbers. Make it on the event loop, use it in one
    thread at a time, close it at the end: until then gc leaves alone what was added.
    """

    def __init__(
        self, context: Context, loop: asyncio.AbstractEventLoop, repository_id: int, account_id: int | None
    ) -> None:
        self._context = context
        self._loop = loop
        self._repository_id = repository_id
        self._account_id = account_id
        self._lease: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up the claim on objects that were added."""
        if self._lease is not None:
            self._context.database.write_now(object_queries.release_lease, self._lease)
            self._lease = None

    def get_raw(self, sha: bytes) -> tuple[int, bytes] | None:
        """Kind and body of an object, or ``None``."""
        found = self._context.database.read_now(self._get, sha)
        return (found.kind, self._body(found)) if found else None

    def read(self, shas: Sequence[bytes]) -> Iterator[tuple[bytes, int, bytes]]:
        """Id, kind and body of those of the objects that exist, a few in memory at a time."""
        for start in range(0, len(shas), BLOCK):
            block = shas[start : start + BLOCK]
            found = self._context.database.read_now(object_queries.get_objects, self._repository_id, block)
            for sha, item in found.items():
                yield sha, item.kind, self._body(item)

    def contains(self, shas: Iterable[bytes]) -> set[bytes]:
        """Those of the objects that exist."""
        return set(self._context.database.read_now(object_queries.known_kinds, self._repository_id, list(shas)))

    def blobs(self, shas: Sequence[bytes]) -> dict[bytes, Blob]:
        """Those of the objects that exist and are blobs."""
        sizes = self._context.database.read_now(object_queries.blob_sizes, self._repository_id, list(shas))
        return {sha: Blob(size, (sha256, length) if sha256 else None) for sha, (size, sha256, length) in sizes.items()}

    def reachable_from(self, shas: Iterable[bytes]) -> set[bytes]:
        """Ids of everything that commits, trees or tags lead to, themselves included."""
        return self._context.database.read_now(self._reachable, list(shas))

    def add_many(self, objects: Iterable[tuple[int, bytes]]) -> None:
        """Store objects, by kind and body, a bounded batch a transaction. They stay invisible until a ref leads to
        them. :class:`PushRejected` for what is not well-formed, :class:`ObjectConflict` for a known id with another
        body.
        """
        if self._lease is None:
            expires_at = self._context.clock() + self._context.settings.upload_lease_seconds * 1000
            self._lease = self._context.database.write_now(object_queries.take_lease, self._repository_id, expires_at)
        links: list[StoredFile] = []
        for batch in batches(self._stage(kind, body, links) for kind, body in objects):
            self._context.database.write_now(self._add, batch, links)
            links.clear()

    def _get(self, connection: Connection, sha: bytes) -> GitObject | None:
        return self._context.view(connection, self._repository_id).get(sha)

    def _reachable(self, connection: Connection, shas: list[bytes]) -> set[bytes]:
        return reachable_objects(self._context.view(connection, self._repository_id), shas)

    def _add(self, connection: Connection, batch: list[GitObject], links: list[StoredFile]) -> None:
        object_queries.add_objects(connection, self._repository_id, batch, self._context.clock())
        if links:
            files = ((file, "") for file in links)
            contents.use(connection, self._context.store, self._repository_id, self._account_id, files)

    def _stage(self, kind: int, body: bytes, links: list[StoredFile]) -> GitObject:
        _check(kind, body)
        if kind != BLOB or len(body) <= INLINE_LIMIT:
            return pack(make_object(kind, body))
        stored = self._context.store.put_bytes(self._account_id or 0, body)
        file = asyncio.run_coroutine_threadsafe(stored, self._loop).result()
        links.append(file)
        return GitObject(object_id(BLOB, body), BLOB, len(body), None, file.hash)

    def _body(self, found: GitObject) -> bytes:
        if found.body is not None:
            return found.body
        reading = self._context.store.read_bytes(found.file_hash or b"", 0, None, found.size)
        return asyncio.run_coroutine_threadsafe(reading, self._loop).result()


def _check(kind: int, body: bytes) -> None:
    try:
        if kind == TREE:
            check_tree(body)
        elif kind == COMMIT:
            decode_commit(body)
        elif kind == TAG:
            decode_tag(body)
        elif kind != BLOB:
            raise ValueError("an object has an unknown kind")
    except InvalidPath as error:
        raise PushRejected(reason=error.message()) from None
    except ValueError as error:
        raise PushRejected(reason=str(error)) from None
