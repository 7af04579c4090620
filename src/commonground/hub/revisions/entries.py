"""From tree entries to what callers see: sizes, LFS pointers, Xet hashes."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from commonground.hub.revisions import object_queries
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.model import Entry, Pointer
from commonground.hub.revisions.trees import DIRECTORY, GITLINK, TreeEntry
from commonground.store.model import FileState, StoredFile
from commonground.store.xet.hashing import to_hex

Located = tuple[str, TreeEntry]
Size = tuple[int, bytes | None, int]  # size of a blob; of an LFS pointer: SHA-256 and size of the content


def describe(connection: Connection, context: Context, repository_id: int, found: Sequence[Located]) -> list[Entry]:
    """Entries for paths and their tree entries, in order, with few statements for all of them."""
    blobs = {entry.sha for _, entry in found if entry.mode not in {DIRECTORY, GITLINK}}
    sizes = _sizes(connection, context, repository_id, blobs)
    files = _files(connection, context, repository_id, {size[1] for size in sizes.values() if size[1]})
    return [make_entry(path, entry, sizes.get(entry.sha), files) for path, entry in found]


def describe_one(
    connection: Connection, context: Context, repository_id: int, path: str, entry: TreeEntry, size: Size | None
) -> tuple[Entry, bool]:
    """One entry, and whether it may be kept: what the store has not verified yet may still be withdrawn."""
    files = _files(connection, context, repository_id, {size[1]} if size and size[1] else set())
    settled = not (size and size[1]) or any(file.state == FileState.VERIFIED for file in files.values())
    return make_entry(path, entry, size, files), settled


def make_entry(path: str, entry: TreeEntry, size: Size | None, files: dict[bytes, StoredFile]) -> Entry:
    """An entry from what is known of its blob and its content."""
    if entry.is_folder:
        return Entry(path=path, type="directory", mode=entry.mode, oid=entry.sha.hex())
    blob_size, sha256, content_size = size or (0, None, 0)
    if sha256 is None:
        return Entry(path=path, type="file", mode=entry.mode, oid=entry.sha.hex(), size=blob_size)
    file = files.get(sha256)
    return Entry(
        path=path,
        type="file",
        mode=entry.mode,
        oid=entry.sha.hex(),
        size=content_size,
        lfs=Pointer(sha256.hex(), content_size, blob_size),
        xet_hash=to_hex(file.hash) if file else None,
    )


def _sizes(connection: Connection, context: Context, repository_id: int, shas: Iterable[bytes]) -> dict[bytes, Size]:
    sizes = object_queries.blob_sizes(connection, repository_id, shas)
    for sha in shas:
        if sha not in sizes and (draft := context.pending.object(repository_id, sha)):
            sha256, size = draft.pointer or (None, 0)
            sizes[sha] = (draft.size, sha256, size)
    return sizes


def _files(
    connection: Connection, context: Context, repository_id: int, sha256s: Iterable[bytes]
) -> dict[bytes, StoredFile]:
    if not sha256s:
        return {}
    files = context.store.linked(connection, repository_id, list(sha256s))
    for sha256 in sha256s:
        if sha256 not in files and (draft := context.pending.file(repository_id, sha256)):
            files[sha256] = draft
    return files
