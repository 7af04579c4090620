"""SQL of fsck, scrub and gc: everything, page by page."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, bindparam, delete, exists, func, or_, select, update

from commonground.database.conflict import insert_or_ignore
from commonground.database.schema.experiments import logged_model_artifact, run_artifact
from commonground.database.schema.store import chunk, file, file_link, file_upload, file_xorb, xorb, xorb_upload
from commonground.store.model import FileRecord, FileState
from commonground.store.queries import AnyRow, blocks
from commonground.store.terms import decode_terms

_XORBS = (
    select(xorb.c.id, xorb.c.hash, xorb.c.generation, xorb.c.packed_length, xorb.c.chunk_index, xorb.c.damaged_at)
    .where(xorb.c.id > bindparam("after"))
    .order_by(xorb.c.id)
    .limit(bindparam("limit"))
)
_CHUNKS = select(chunk.c.hash, chunk.c.position).where(chunk.c.xorb_id == bindparam("xorb_id"))
_DELETE_CHUNKS = delete(chunk).where(chunk.c.hash.in_(bindparam("hashes", expanding=True)))
_SET_DAMAGED = update(xorb).where(xorb.c.id == bindparam("xorb_id")).values(damaged_at=bindparam("moment"))
_FILES = (
    select(file.c.hash, file.c.size, file.c.sha256, file.c.state, file.c.terms)
    .where(file.c.hash > bindparam("after"))
    .order_by(file.c.hash)
    .limit(bindparam("limit"))
)
_XORBS_OF_FILE = select(file_xorb.c.xorb_id).where(file_xorb.c.file_hash == bindparam("hash"))
_ADD_FILE_XORBS = insert_or_ignore(file_xorb)
_LINKS_WITHOUT_FILE = select(file_link.c.repository_id, file_link.c.file_hash).where(
    ~exists().where(file.c.hash == file_link.c.file_hash)
)
_WRONG_LINKS = (
    select(file_link.c.repository_id, file_link.c.file_hash)
    .join(file, file.c.hash == file_link.c.file_hash)
    .where(file.c.state == int(FileState.VERIFIED), file.c.sha256 != file_link.c.sha256)
)

_IS_LINKED = or_(
    *(exists().where(table.c.file_hash == file.c.hash) for table in (file_link, run_artifact, logged_model_artifact))
)
_IS_UPLOADED_LATELY = exists().where(
    file_upload.c.file_hash == file.c.hash, file_upload.c.created_at >= bindparam("cutoff")
)
_UNUSED_FILES = (
    select(file.c.hash, file.c.size)
    .where(file.c.created_at < bindparam("cutoff"), file.c.hash > bindparam("after"), ~_IS_LINKED)
    .where(~_IS_UPLOADED_LATELY)
    .order_by(file.c.hash)
    .limit(bindparam("limit"))
)
_LOCK_FILES = (
    select(file.c.hash)
    .where(file.c.hash.in_(bindparam("hashes", expanding=True)))
    .order_by(file.c.hash)
    .with_for_update()
)
_STILL_UNUSED_FILES = select(file.c.hash).where(
    file.c.hash.in_(bindparam("hashes", expanding=True)), ~_IS_LINKED, ~_IS_UPLOADED_LATELY
)
_DELETE_FILE = tuple(
    delete(table).where(column.in_(bindparam("hashes", expanding=True)))
    for table, column in (
        (file_xorb, file_xorb.c.file_hash),
        (file_upload, file_upload.c.file_hash),
        (file, file.c.hash),
    )
)
_IS_IN_FILE = exists().where(file_xorb.c.xorb_id == xorb.c.id)
_IS_SENT_LATELY = exists().where(xorb_upload.c.xorb_id == xorb.c.id, xorb_upload.c.created_at >= bindparam("cutoff"))
_UNUSED_XORBS = (
    select(xorb.c.id)
    .where(xorb.c.created_at < bindparam("cutoff"), xorb.c.id > bindparam("after"), ~_IS_IN_FILE, ~_IS_SENT_LATELY)
    .order_by(xorb.c.id)
    .limit(bindparam("limit"))
)
_LOCK_XORBS = (
    select(xorb.c.id).where(xorb.c.id.in_(bindparam("ids", expanding=True))).order_by(xorb.c.id).with_for_update()
)
_STILL_UNUSED_XORBS = select(xorb.c.id, xorb.c.hash, xorb.c.generation, xorb.c.packed_length).where(
    xorb.c.id.in_(bindparam("ids", expanding=True)), ~_IS_IN_FILE, ~_IS_SENT_LATELY
)
_DELETE_XORB = tuple(
    delete(table).where(column.in_(bindparam("ids", expanding=True)))
    for table, column in ((chunk, chunk.c.xorb_id), (xorb_upload, xorb_upload.c.xorb_id), (xorb, xorb.c.id))
)
_GENERATIONS = select(xorb.c.hash, xorb.c.generation).where(xorb.c.hash.in_(bindparam("hashes", expanding=True)))
_COUNT = select(func.count(), func.coalesce(func.sum(xorb.c.packed_length), 0)).select_from(xorb)


def page_of_xorbs(connection: Connection, after: int, limit: int) -> Sequence[AnyRow]:
    """Rows of xorbs with an id above ``after``."""
    return connection.execute(_XORBS, {"after": after, "limit": limit}).all()


def count_xorbs(connection: Connection) -> tuple[int, int]:
    """Number of xorbs and their bytes in the backend."""
    count, size = connection.execute(_COUNT).one()
    return int(count), int(size)


def chunks_of(connection: Connection, xorb_id: int) -> list[tuple[bytes, int]]:
    """(hash, position) of the chunk rows that point into a xorb."""
    return [(row.hash, row.position) for row in connection.execute(_CHUNKS, {"xorb_id": xorb_id})]


def delete_chunks(connection: Connection, hashes: Iterable[bytes]) -> None:
    """Forget where chunks are."""
    for block in blocks(hashes):
        connection.execute(_DELETE_CHUNKS, {"hashes": block})


def set_damaged(connection: Connection, xorb_id: int, moment: int | None) -> None:
    """Flag a xorb as damaged since ``moment`` (UTC ms), or with ``None`` as sound."""
    connection.execute(_SET_DAMAGED, {"xorb_id": xorb_id, "moment": moment})


def page_of_files(connection: Connection, after: bytes, limit: int) -> list[FileRecord]:
    """Files whose hash follows ``after``, in order; ``sha256`` only of verified ones."""
    return [
        FileRecord(
            hash=row.hash,
            size=row.size,
            terms=tuple(decode_terms(row.terms)),
            sha256=row.sha256 if row.state == FileState.VERIFIED else None,
        )
        for row in connection.execute(_FILES, {"after": after, "limit": limit})
    ]


def xorbs_of_file(connection: Connection, file_hash: bytes) -> set[int]:
    """Row ids of the xorbs a file is recorded to use."""
    return {row.xorb_id for row in connection.execute(_XORBS_OF_FILE, {"hash": file_hash})}


def add_file_xorbs(connection: Connection, file_hash: bytes, xorb_ids: Iterable[int]) -> None:
    """Record xorbs that a file uses."""
    _ADD_FILE_XORBS(connection, [{"xorb_id": at, "file_hash": file_hash} for at in xorb_ids])


def links_without_file(connection: Connection) -> list[tuple[int, bytes]]:
    """(repository, file hash) of links to files that are gone."""
    return [(row.repository_id, row.file_hash) for row in connection.execute(_LINKS_WITHOUT_FILE)]


def wrong_links(connection: Connection) -> list[tuple[int, bytes]]:
    """(repository, file hash) of links under a SHA-256 that the file does not have."""
    return [(row.repository_id, row.file_hash) for row in connection.execute(_WRONG_LINKS)]


def unused_files(connection: Connection, cutoff: int, after: bytes, limit: int) -> list[tuple[bytes, int]]:
    """(hash, size) of files that nothing links to and nobody uploaded since ``cutoff``."""
    rows = connection.execute(_UNUSED_FILES, {"cutoff": cutoff, "after": after, "limit": limit})
    return [(row.hash, row.size) for row in rows]


def delete_unused_files(connection: Connection, cutoff: int, hashes: Collection[bytes]) -> list[bytes]:
    """Delete the ones of these files that are still unused; their hashes."""
    connection.execute(_LOCK_FILES, {"hashes": list(hashes)})
    unused = [r.hash for r in connection.execute(_STILL_UNUSED_FILES, {"cutoff": cutoff, "hashes": list(hashes)})]
    for statement in _DELETE_FILE if unused else ():
        connection.execute(statement, {"hashes": unused})
    return unused


def unused_xorbs(connection: Connection, cutoff: int, after: int, limit: int) -> list[int]:
    """Row ids of xorbs that no file uses and nobody uploaded since ``cutoff``."""
    return [r.id for r in connection.execute(_UNUSED_XORBS, {"cutoff": cutoff, "after": after, "limit": limit})]


def find_unused_xorbs(connection: Connection, cutoff: int, ids: Collection[int]) -> Sequence[AnyRow]:
    """``id``, ``hash``, ``generation`` and ``packed_length`` of the ones of these xorbs that are unused."""
    return connection.execute(_STILL_UNUSED_XORBS, {"cutoff": cutoff, "ids": list(ids)}).all()


def delete_unused_xorbs(connection: Connection, cutoff: int, ids: Collection[int]) -> Sequence[AnyRow]:
    """Delete the ones of these xorbs that are still unused; their rows as they were."""
    connection.execute(_LOCK_XORBS, {"ids": list(ids)})
    unused = find_unused_xorbs(connection, cutoff, ids)
    for statement in _DELETE_XORB if unused else ():
        connection.execute(statement, {"ids": [row.id for row in unused]})
    return unused


def generations(connection: Connection, hashes: Iterable[bytes]) -> set[tuple[bytes, int]]:
    """(hash, generation) of the known ones of these xorbs."""
    return {
        (row.hash, row.generation)
        for block in blocks(hashes)
        for row in connection.execute(_GENERATIONS, {"hashes": block})
    }
