"""The SHA-256 of files: git names a blob by its SHA-1, other protocols name the same bytes by their SHA-256."""

import hashlib
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from commonground.errors import BlobNotFound
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.cache import LruCache
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.model import Entry
from commonground.hub.revisions.object_queries import blocks
from commonground.hub.revisions.objects import BLOB
from commonground.store.model import FileState

REMEMBERED = 100_000


class Digests:
    """Knows the SHA-256 of large files, and computes that of plain blobs once, as long as it is remembered."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: LruCache[tuple[int, bytes], bytes] = LruCache(REMEMBERED)

    async def sha256s(self, repository: Repository, entries: Sequence[Entry]) -> list[str]:
        """The SHA-256 of the content of files, 64 hex digits each, in order; :class:`BlobNotFound`."""
        blobs = dict.fromkeys(bytes.fromhex(entry.oid) for entry in entries if entry.lfs is None)
        found = {sha: known for sha in blobs if (known := self._known.get((repository.id, sha)))}
        for block in blocks([sha for sha in blobs if sha not in found]):
            found |= await self._compute(repository.id, block)
        return [entry.lfs.sha256 if entry.lfs else found[bytes.fromhex(entry.oid)].hex() for entry in entries]

    async def _compute(self, repository_id: int, shas: Iterable[bytes]) -> dict[bytes, bytes]:
        found, stored = await self._context.database.read(self._hash, repository_id, shas)
        for sha, file_hash in stored.items():
            found[sha] = await self._of_stored(repository_id, file_hash)
        for sha, sha256 in found.items():
            self._known.put((repository_id, sha), sha256)
        return found

    def _hash(
        self, connection: Connection, repository_id: int, shas: Iterable[bytes]
    ) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
        """SHA-256 of the blobs whose bodies are in the database, and the file hashes of those in the store."""
        found: dict[bytes, bytes] = {}
        stored: dict[bytes, bytes] = {}
        view = self._context.view(connection, repository_id)
        for sha in shas:
            item = view.get(sha)
            if item is None or item.kind != BLOB:
                raise BlobNotFound(oid=sha.hex())
            if item.body is not None:
                found[sha] = hashlib.sha256(item.body).digest()
            else:
                stored[sha] = item.file_hash or b""
        return found, stored

    async def _of_stored(self, repository_id: int, file_hash: bytes) -> bytes:
        file = await self._context.store.permitted(None, repository_id, file_hash)
        if file.sha256 is not None and file.state == FileState.VERIFIED:
            return file.sha256
        digest = hashlib.sha256()
        async for part in self._context.store.read(file_hash):
            digest.update(part)
        return digest.digest()
