"""The file behind a tree entry, ready to be sent."""

from collections.abc import AsyncIterator
from pathlib import Path

from commonground.errors import BlobNotFound
from commonground.http.files import Content
from commonground.http.media_types import media_type
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Entry
from commonground.hub.revisions.service import Revisions
from commonground.store.service import Store
from commonground.store.xet.hashing import from_hex


def file_content(revisions: Revisions, store: Store, repository: Repository, entry: Entry) -> Content:
    """What a reader of ``entry`` downloads: the blob, or the content an LFS pointer names.

    :class:`BlobNotFound` for a pointer whose content the store does not have.
    """
    if entry.lfs is None:
        return _regular(revisions, repository, entry)
    if entry.xet_hash is None:
        raise BlobNotFound(oid=entry.lfs.sha256)
    return _large(store, entry.lfs.sha256, from_hex(entry.xet_hash), entry)


def _regular(revisions: Revisions, repository: Repository, entry: Entry) -> Content:
    async def read(start: int, end: int) -> AsyncIterator[bytes]:
        yield await revisions.read(repository, entry, start, end)

    return Content(size=entry.size, etag=entry.oid, media_type=media_type(entry.path), read=read)


def _large(store: Store, sha256: str, file_hash: bytes, entry: Entry) -> Content:
    async def local() -> Path | None:
        return await store.materialise(file_hash)

    def read(start: int, end: int) -> AsyncIterator[bytes]:
        return store.read(file_hash, start, end)

    return Content(size=entry.size, etag=sha256, media_type=media_type(entry.path), read=read, local=local)
