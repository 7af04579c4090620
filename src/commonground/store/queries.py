"""SQL of the store: xorbs, chunks, files and who may use them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, bindparam, delete, func, or_, select, update

from commonground.database.conflict import insert_or_ignore, upsert
from commonground.database.schema.store import chunk, file, file_link, file_upload, file_xorb, xorb, xorb_upload
from commonground.store.model import FileRecord, FileState, Link, StoredFile, StoredXorb
from commonground.store.terms import decode_terms, encode_terms
from commonground.store.xet.shard import Term
from commonground.store.xet.xorb import ParsedXorb
from commonground.store.xet.xorb_index import XorbIndex

AnyRow: TypeAlias = Row[*tuple[Any, ...]]

BLOCK = 500
"""Values in one IN list."""

_XORB = (xorb.c.id, xorb.c.hash, xorb.c.generation, xorb.c.packed_length, xorb.c.chunk_index, xorb.c.damaged_at)
_XORBS = select(*_XORB).where(xorb.c.hash.in_(bindparam("hashes", expanding=True)))
_XORBS_BY_ID = select(*_XORB).where(xorb.c.id.in_(bindparam("ids", expanding=True)))
# Readers share the lock; gc takes it alone, so that no xorb or file goes while a reference to it is being written.
_HOLD_XORBS = (
    select(xorb.c.id)
    .where(xorb.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(xorb.c.id)
    .with_for_update(read=True)
)
_XORB_BY_HASH = select(xorb.c.id, xorb.c.generation).where(xorb.c.hash == bindparam("hash"))
_HOLD_XORB = _XORB_BY_HASH.with_for_update(read=True)
_LOCK_XORB = _XORB_BY_HASH.with_for_update()
_HOLD_FILE = select(file.c.hash).where(file.c.hash == bindparam("hash")).with_for_update(read=True)
_ADD_XORB = insert_or_ignore(xorb, xorb.c.id)
_REPLACE_XORB = (
    update(xorb)
    .where(xorb.c.id == bindparam("xorb_id"))
    .values(
        generation=bindparam("new_generation"),
        packed_length=bindparam("new_packed_length"),
        chunk_index=bindparam("new_index"),
        damaged_at=None,
    )
)
_ADD_CHUNKS = insert_or_ignore(chunk)
_FIND_CHUNKS = select(chunk.c.hash, chunk.c.xorb_id, chunk.c.position).where(
    chunk.c.hash.in_(bindparam("hashes", expanding=True))
)
_ADD_XORB_UPLOAD = upsert(xorb_upload, ["account_id", "xorb_id"], ["created_at"])
_UPLOADED_XORBS = select(xorb_upload.c.xorb_id).where(
    xorb_upload.c.account_id == bindparam("account"), xorb_upload.c.xorb_id.in_(bindparam("ids", expanding=True))
)

_FILE = select(file.c.hash, file.c.sha256, file.c.size, file.c.state, file.c.terms).where(
    file.c.hash == bindparam("hash")
)
_ADD_FILE = insert_or_ignore(file)
_SET_SHA256 = (
    update(file)
    .where(file.c.hash == bindparam("file_hash"))
    .values(sha256=bindparam("new_sha256"), state=int(FileState.VERIFIED))
)
_ADD_FILE_XORBS = insert_or_ignore(file_xorb)
_ADD_FILE_UPLOAD = upsert(file_upload, ["account_id", "file_hash"], ["sha256", "created_at"])
_ADD_LINK = upsert(file_link, ["repository_id", "file_hash"], ["sha256", "filename", "account_id"])
_IS_LINKED = select(file_link.c.file_hash).where(
    file_link.c.repository_id == bindparam("repository"), file_link.c.file_hash == bindparam("hash")
)

_STORED = (file.c.hash, file.c.sha256, file.c.size, file.c.state)
# A claim that the server found to be wrong is as good as no claim.
_LINK_HOLDS = or_(
    file_link.c.sha256.is_(None), file.c.state != int(FileState.VERIFIED), file.c.sha256 == file_link.c.sha256
)
_UPLOAD_HOLDS = or_(
    file_upload.c.sha256.is_(None), file.c.state != int(FileState.VERIFIED), file.c.sha256 == file_upload.c.sha256
)
_LINKED = (
    select(file_link.c.sha256.label("claim"), *_STORED)
    .join(file, file.c.hash == file_link.c.file_hash)
    .where(
        file_link.c.repository_id == bindparam("repository"),
        file_link.c.sha256.in_(bindparam("sha256s", expanding=True)),
        _LINK_HOLDS,
    )
    .order_by(file.c.state)
)
_UPLOADED = (
    select(file_upload.c.sha256.label("claim"), *_STORED)
    .join(file, file.c.hash == file_upload.c.file_hash)
    .where(file_upload.c.account_id == bindparam("account"), file_upload.c.sha256 == bindparam("sha256"), _UPLOAD_HOLDS)
    .order_by(file.c.state.desc())
)
_VERIFIED = select(*_STORED).where(file.c.sha256 == bindparam("sha256"), file.c.state == int(FileState.VERIFIED))
_REPOSITORIES_OF = (
    select(file_link.c.file_hash, file_link.c.repository_id)
    .where(file_link.c.file_hash.in_(bindparam("hashes", expanding=True)))
    .limit(10_000)
)
_LINK_BY_HASH = (
    select(file_link.c.sha256.label("claim"), *_STORED)
    .join(file, file.c.hash == file_link.c.file_hash)
    .where(
        file_link.c.repository_id == bindparam("repository"), file_link.c.file_hash == bindparam("hash"), _LINK_HOLDS
    )
)
_UPLOAD_BY_HASH = (
    select(file_upload.c.sha256.label("claim"), *_STORED)
    .join(file, file.c.hash == file_upload.c.file_hash)
    .where(
        file_upload.c.account_id == bindparam("account"), file_upload.c.file_hash == bindparam("hash"), _UPLOAD_HOLDS
    )
)
_FILES_IN_XORBS = (
    select(file_xorb.c.file_hash)
    .where(file_xorb.c.xorb_id.in_(bindparam("ids", expanding=True)))
    .distinct()
    .limit(20_000)
)
_UPLOADED_FILES = select(file_upload.c.file_hash).where(
    file_upload.c.account_id == bindparam("account"), file_upload.c.file_hash.in_(bindparam("hashes", expanding=True))
)
_TERMS = select(file.c.hash, file.c.terms).where(file.c.hash.in_(bindparam("hashes", expanding=True)))
_WRONG_CLAIMS = select(
    select(func.count())
    .select_from(file_link)
    .where(file_link.c.file_hash == bindparam("hash"), file_link.c.sha256 != bindparam("sha256"))
    .scalar_subquery()
    + select(func.count())
    .select_from(file_upload)
    .where(file_upload.c.file_hash == bindparam("hash"), file_upload.c.sha256 != bindparam("sha256"))
    .scalar_subquery()
)
_OF_REPOSITORY = file_link.c.repository_id == bindparam("repository")
_AMONG = file_link.c.file_hash.in_(bindparam("hashes", expanding=True))
_UNLINK = delete(file_link).where(_OF_REPOSITORY, _AMONG)
_UNLINK_ALL = delete(file_link).where(_OF_REPOSITORY)
_ALL_LINKED_BYTES = select(func.coalesce(func.sum(file_link.c.size), 0)).where(_OF_REPOSITORY)
_LINKED_BYTES = _ALL_LINKED_BYTES.where(_AMONG)
_LINKS = (
    select(
        file_link.c.file_hash,
        file_link.c.sha256,
        file_link.c.size,
        file_link.c.filename,
        file_link.c.account_id,
        file_link.c.created_at,
    )
    .where(file_link.c.repository_id == bindparam("repository"), file_link.c.file_hash > bindparam("after"))
    .order_by(file_link.c.file_hash)
    .limit(bindparam("limit"))
)


def blocks(values: Iterable[Any]) -> Iterator[list[Any]]:
    """``values`` in lists short enough for one IN list."""
    items = list(values)
    for at in range(0, len(items), BLOCK):
        yield items[at : at + BLOCK]


# --- xorbs and chunks -------------------------------------------------------------------------------------------------


def find_xorbs(connection: Connection, hashes: Iterable[bytes]) -> dict[bytes, StoredXorb]:
    """The known ones of these xorbs, by hash."""
    found = (xorb_of(row) for block in blocks(hashes) for row in connection.execute(_XORBS, {"hashes": block}))
    return {item.hash: item for item in found}


def find_xorbs_by_id(connection: Connection, ids: Iterable[int]) -> dict[int, StoredXorb]:
    """The same, by row id."""
    found = (xorb_of(row) for block in blocks(ids) for row in connection.execute(_XORBS_BY_ID, {"ids": block}))
    return {item.id: item for item in found}


def hold_xorb(connection: Connection, xorb_hash: bytes) -> AnyRow | None:
    """``id`` and ``generation`` of a xorb that stays until the transaction ends."""
    return connection.execute(_HOLD_XORB, {"hash": xorb_hash}).one_or_none()


def lock_xorb(connection: Connection, xorb_hash: bytes) -> AnyRow | None:
    """The same, for a transaction that may change it: taken alone, as two holders could not both upgrade."""
    return connection.execute(_LOCK_XORB, {"hash": xorb_hash}).one_or_none()


def hold_xorbs(connection: Connection, ids: Iterable[int]) -> set[int]:
    """The ones of these xorbs that are still there, and stay until the transaction ends."""
    return {row.id for block in blocks(sorted(ids)) for row in connection.execute(_HOLD_XORBS, {"ids": block})}


def add_xorb(connection: Connection, parsed: ParsedXorb, generation: int, now: int) -> int | None:
    """Add a xorb and the index of its chunks; its row id, or ``None`` when it is known already."""
    row = {
        "hash": parsed.hash,
        "generation": generation,
        "packed_length": parsed.packed_length,
        "length": parsed.length,
        "chunk_index": parsed.index().encode(),
        "created_at": now,
    }
    xorb_id: int | None = _ADD_XORB.one(connection, row)
    if xorb_id is not None:
        rows = [{"hash": c.hash, "xorb_id": xorb_id, "position": at} for at, c in enumerate(parsed.chunks)]
        _ADD_CHUNKS(connection, sorted(rows, key=lambda row: row["hash"]))  # in one order, against deadlocks
    return xorb_id


def replace_xorb(connection: Connection, xorb_id: int, parsed: ParsedXorb, generation: int) -> None:
    """Point a xorb to a fresh object."""
    values = {
        "xorb_id": xorb_id,
        "new_generation": generation,
        "new_packed_length": parsed.packed_length,
        "new_index": parsed.index().encode(),
    }
    connection.execute(_REPLACE_XORB, values)


def add_xorb_upload(connection: Connection, account_id: int, xorb_id: int, now: int) -> None:
    """Record that an account sent all bytes of a xorb."""
    _ADD_XORB_UPLOAD(connection, {"account_id": account_id, "xorb_id": xorb_id, "created_at": now})


def find_chunks(connection: Connection, hashes: Iterable[bytes]) -> dict[bytes, tuple[int, int]]:
    """Row id of a xorb and position in it, for each known chunk."""
    return {
        row.hash: (row.xorb_id, row.position)
        for block in blocks(hashes)
        for row in connection.execute(_FIND_CHUNKS, {"hashes": block})
    }


def uploaded_xorbs(connection: Connection, account_id: int | None, ids: Iterable[int]) -> set[int]:
    """The ones of these xorbs that the account sent in full."""
    return {
        row.xorb_id
        for block in blocks(ids)
        for row in connection.execute(_UPLOADED_XORBS, {"account": account_id, "ids": block})
    }


# --- files ------------------------------------------------------------------------------------------------------------


def find_file(connection: Connection, file_hash: bytes) -> FileRecord | None:
    """A file with its terms."""
    row = connection.execute(_FILE, {"hash": file_hash}).one_or_none()
    if row is None:
        return None
    sha256 = row.sha256 if row.state == FileState.VERIFIED else None
    return FileRecord(hash=row.hash, size=row.size, terms=tuple(decode_terms(row.terms)), sha256=sha256)


def add_file(connection: Connection, record: FileRecord, xorb_ids: Iterable[int], now: int) -> None:
    """Add a file, or complete a known one with its SHA-256."""
    row = {
        "hash": record.hash,
        "sha256": record.sha256,
        "size": record.size,
        "terms": encode_terms(record.terms),
        "state": int(record.stored().state),
        "created_at": now,
    }
    if _ADD_FILE(connection, row):
        _ADD_FILE_XORBS(connection, [{"xorb_id": at, "file_hash": record.hash} for at in sorted(xorb_ids)])
    elif record.sha256 is not None:
        set_sha256(connection, record.hash, record.sha256)


def set_sha256(connection: Connection, file_hash: bytes, sha256: bytes) -> None:
    """Record the SHA-256 that the server computed."""
    connection.execute(_SET_SHA256, {"file_hash": file_hash, "new_sha256": sha256})


def count_wrong_claims(connection: Connection, file_hash: bytes, sha256: bytes) -> int:
    """How many links and uploads of a file name another SHA-256."""
    return int(connection.execute(_WRONG_CLAIMS, {"hash": file_hash, "sha256": sha256}).scalar_one())


def add_file_upload(connection: Connection, account_id: int, file_hash: bytes, sha256: bytes | None, now: int) -> None:
    """Record that an account sent, or proved to have, all bytes of a file."""
    row = {"account_id": account_id, "file_hash": file_hash, "sha256": sha256, "created_at": now}
    _ADD_FILE_UPLOAD(connection, row)


def uploaded(connection: Connection, account_id: int | None, sha256: bytes) -> StoredFile | None:
    """A file that the account uploaded under this SHA-256."""
    row = connection.execute(_UPLOADED, {"account": account_id, "sha256": sha256}).first()
    return row and _stored(row, row.claim)


def verified(connection: Connection, sha256: bytes) -> list[StoredFile]:
    """Files that the server hashed to this SHA-256."""
    return [_stored(row, row.sha256) for row in connection.execute(_VERIFIED, {"sha256": sha256})]


def files_in_xorbs(connection: Connection, ids: Iterable[int]) -> set[bytes]:
    """Hashes of the files that use any of these xorbs."""
    return {row.file_hash for block in blocks(ids) for row in connection.execute(_FILES_IN_XORBS, {"ids": block})}


def uploaded_files(connection: Connection, account_id: int | None, hashes: Iterable[bytes]) -> set[bytes]:
    """The ones of these files that the account uploaded."""
    return {
        row.file_hash
        for block in blocks(hashes)
        for row in connection.execute(_UPLOADED_FILES, {"account": account_id, "hashes": block})
    }


def terms_of(connection: Connection, hashes: Iterable[bytes]) -> dict[bytes, list[Term]]:
    """The terms of these files."""
    return {
        row.hash: decode_terms(row.terms)
        for block in blocks(hashes)
        for row in connection.execute(_TERMS, {"hashes": block})
    }


# --- links ------------------------------------------------------------------------------------------------------------


def hold_file(connection: Connection, file_hash: bytes) -> bool:
    """Whether a file is there; it stays until the transaction ends."""
    return connection.execute(_HOLD_FILE, {"hash": file_hash}).first() is not None


def add_link(
    connection: Connection, repository_id: int, account_id: int | None, item: StoredFile, filename: str, now: int
) -> bool:
    """Record that a repository uses a file; whether it did not before."""
    known = connection.execute(_IS_LINKED, {"repository": repository_id, "hash": item.hash}).first()
    row = {
        "repository_id": repository_id,
        "file_hash": item.hash,
        "sha256": item.sha256,
        "size": item.size,
        "filename": filename,
        "account_id": account_id,
        "created_at": now,
    }
    _ADD_LINK(connection, row)
    return known is None


def linked(connection: Connection, repository_id: int, sha256s: Iterable[bytes]) -> dict[bytes, StoredFile]:
    """Files that a repository uses, by the SHA-256 they are known under."""
    return {
        row.claim: _stored(row, row.claim)
        for block in blocks(dict.fromkeys(sha256s))
        for row in connection.execute(_LINKED, {"repository": repository_id, "sha256s": block})
    }


def linked_by_hash(connection: Connection, repository_id: int | None, file_hash: bytes) -> StoredFile | None:
    """A file that a repository uses."""
    row = connection.execute(_LINK_BY_HASH, {"repository": repository_id, "hash": file_hash}).first()
    return row and _stored(row, row.claim or row.sha256)


def uploaded_by_hash(connection: Connection, account_id: int | None, file_hash: bytes) -> StoredFile | None:
    """A file that an account uploaded."""
    row = connection.execute(_UPLOAD_BY_HASH, {"account": account_id, "hash": file_hash}).first()
    return row and _stored(row, row.claim or row.sha256)


def repositories_of(connection: Connection, hashes: Iterable[bytes]) -> list[tuple[bytes, int]]:
    """(file hash, repository id) for every use of these files."""
    return [
        (row.file_hash, row.repository_id)
        for block in blocks(hashes)
        for row in connection.execute(_REPOSITORIES_OF, {"hashes": block})
    ]


def links(connection: Connection, repository_id: int, after: bytes, limit: int) -> list[Link]:
    """The files of a repository whose hash follows ``after``, in order."""
    rows = connection.execute(_LINKS, {"repository": repository_id, "after": after, "limit": limit})
    return [Link(**row._mapping) for row in rows]


def unlink(connection: Connection, repository_id: int, hashes: Sequence[bytes] | None) -> int:
    """Forget that a repository uses these files; ``None`` for all. Their bytes."""
    freed = 0
    if hashes is None:
        freed = int(connection.execute(_ALL_LINKED_BYTES, {"repository": repository_id}).scalar_one())
        connection.execute(_UNLINK_ALL, {"repository": repository_id})
    for block in blocks(hashes or ()):
        values = {"repository": repository_id, "hashes": block}
        freed += int(connection.execute(_LINKED_BYTES, values).scalar_one())
        connection.execute(_UNLINK, values)
    return freed


def xorb_of(row: AnyRow) -> StoredXorb:
    """A xorb from all its columns; :class:`FormatError` for a damaged index."""
    return StoredXorb(
        id=row.id,
        hash=row.hash,
        generation=row.generation,
        packed_length=row.packed_length,
        index=XorbIndex.decode(row.chunk_index),
        damaged=row.damaged_at is not None,
    )


def _stored(row: AnyRow, sha256: bytes | None) -> StoredFile:
    return StoredFile(hash=row.hash, sha256=sha256, size=row.size, state=FileState(row.state))
