"""The file behind a tree entry, ready to be sent."""

from functools import partial

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
    if entry.lfs is not None and entry.xet_hash is None:
        raise BlobNotFound(oid=entry.lfs.sha256)
    return Content(
        size=entry.size,
        etag=entry.oid if entry.lfs is None else entry.lfs.sha256,
        media_type=media_type(entry.path),
        read=partial(revisions.stream, repository, entry),
        local=None if entry.xet_hash is None else partial(store.materialise, from_hex(entry.xet_hash)),
    )
