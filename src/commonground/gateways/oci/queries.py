"""SQL of manifests, tags, and what blobs are called."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import BindParameter, Connection, Row, bindparam, delete, select

from commonground.database.conflict import insert_or_ignore, upsert
from commonground.database.schema.oci import oci_blob, oci_digest, oci_manifest, oci_tag, oci_upload


class StoredManifest(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest as it is answered. ``commit`` (20 raw bytes) is what it became or, if ``projected``, comes from."""

    digest: str
    media_type: str
    artifact_type: str | None
    subject: str | None
    body: bytes
    commit: bytes | None
    projected: bool
    config: bytes | None = None


class Tag(msgspec.Struct, frozen=True):
    """A tag that was pushed; it holds as long as the ref of its name is at ``commit`` (``None``: as long as none is)."""

    name: str
    digest: str
    commit: bytes | None


_REPOSITORY: BindParameter[int] = bindparam("repository")
_FIELDS = [oci_manifest.c[name] for name in StoredManifest.__struct_fields__]
_MANIFEST = select(*_FIELDS).where(
    oci_manifest.c.repository_id == _REPOSITORY, oci_manifest.c.digest == bindparam("digest")
)
_PROJECTED = select(*_FIELDS).where(
    oci_manifest.c.repository_id == _REPOSITORY, oci_manifest.c.commit == bindparam("commit"), oci_manifest.c.projected
)
_RECENT = (
    select(*_FIELDS)
    .where(oci_manifest.c.repository_id == _REPOSITORY, oci_manifest.c.projected)
    .order_by(oci_manifest.c.created_at.desc())
    .limit(bindparam("most"))
)
_REFERRERS = (
    select(*_FIELDS)
    .where(
        oci_manifest.c.repository_id == _REPOSITORY,
        oci_manifest.c.subject == bindparam("subject"),
        oci_manifest.c.digest > bindparam("after"),
    )
    .order_by(oci_manifest.c.digest)
    .limit(bindparam("most"))
)
_REFERRERS_OF_TYPE = _REFERRERS.where(oci_manifest.c.artifact_type == bindparam("artifact_type"))
_PUT = upsert(
    oci_manifest,
    ["repository_id", "digest"],
    lambda new: {"media_type": new.media_type, "commit": new.commit, "projected": new.projected},
)
_ADD = insert_or_ignore(oci_manifest)
_DELETE = delete(oci_manifest).where(
    oci_manifest.c.repository_id == _REPOSITORY, oci_manifest.c.digest == bindparam("name")
)
_TAG = select(oci_tag.c.name, oci_tag.c.digest, oci_tag.c.commit).where(oci_tag.c.repository_id == _REPOSITORY)
_ONE_TAG = _TAG.where(oci_tag.c.name == bindparam("name"))
_TAGS_OF = select(oci_tag.c.name).where(oci_tag.c.repository_id == _REPOSITORY, oci_tag.c.digest == bindparam("digest"))
_LOOSE_TAGS = select(oci_tag.c.name).where(oci_tag.c.repository_id == _REPOSITORY, oci_tag.c.commit.is_(None))
_PUT_TAG = upsert(oci_tag, ["repository_id", "name"], ["digest", "commit", "updated_at"])
_DELETE_TAG = delete(oci_tag).where(oci_tag.c.repository_id == _REPOSITORY, oci_tag.c.name == bindparam("tag"))
_DELETE_TAGS = delete(oci_tag).where(oci_tag.c.repository_id == _REPOSITORY, oci_tag.c.digest == bindparam("name"))
_BLOB = select(oci_blob.c.commit, oci_blob.c.path).where(
    oci_blob.c.repository_id == _REPOSITORY, oci_blob.c.sha256 == bindparam("sha256")
)
_ADD_BLOBS = insert_or_ignore(oci_blob)
_MOVE_BLOB = upsert(oci_blob, ["repository_id", "sha256"], ["commit", "path"])
_UPLOADED = select(oci_upload.c.sha256).where(
    oci_upload.c.repository_id == _REPOSITORY,
    oci_upload.c.account_id == bindparam("account"),
    oci_upload.c.sha256 == bindparam("sha256"),
)
_ADD_UPLOAD = upsert(oci_upload, ["repository_id", "sha256", "account_id"], ["created_at"])
_OLD_UPLOADS = delete(oci_upload).where(oci_upload.c.created_at < bindparam("before"))
_DELETE_UPLOAD = delete(oci_upload).where(
    oci_upload.c.repository_id == _REPOSITORY, oci_upload.c.sha256 == bindparam("content")
)
_SHA256 = select(oci_digest.c.sha256).where(oci_digest.c.sha512 == bindparam("sha512"))
_ADD_SHA512 = insert_or_ignore(oci_digest)


def manifest(connection: Connection, repository: int, digest: str) -> StoredManifest | None:
    """The manifest with a digest."""
    return _manifest(connection.execute(_MANIFEST, {"repository": repository, "digest": digest}).one_or_none())


def projected(connection: Connection, repository: int, commit: bytes) -> StoredManifest | None:
    """The manifest computed from a commit."""
    return _manifest(connection.execute(_PROJECTED, {"repository": repository, "commit": commit}).first())


def recent(connection: Connection, repository: int, most: int) -> list[StoredManifest]:
    """Computed manifests, newest first."""
    rows = connection.execute(_RECENT, {"repository": repository, "most": most})
    return [StoredManifest(**row._mapping) for row in rows]


def referrers(
    connection: Connection, repository: int, subject: str, artifact_type: str | None, after: str, most: int
) -> list[StoredManifest]:
    """Manifests with a subject, by digest, from behind ``after``."""
    values = {"repository": repository, "subject": subject, "after": after, "most": most}
    if artifact_type is None:
        rows = connection.execute(_REFERRERS, values)
    else:
        rows = connection.execute(_REFERRERS_OF_TYPE, values | {"artifact_type": artifact_type})
    return [StoredManifest(**row._mapping) for row in rows]


def put_manifest(connection: Connection, repository: int, item: StoredManifest, now: int) -> None:
    """Record a pushed manifest; one that was computed before counts as pushed from now on."""
    _PUT(connection, _row(repository, item, now))


def add_projected(
    connection: Connection, repository: int, item: StoredManifest, blobs: Iterable[tuple[bytes, str]], now: int
) -> None:
    """Record a computed manifest, and of its blobs (SHA-256, path) those that only git has."""
    _ADD(connection, _row(repository, item, now))
    rows = {
        sha256: {"repository_id": repository, "sha256": sha256, "commit": item.commit, "path": path}
        for sha256, path in blobs
    }
    _ADD_BLOBS(connection, list(rows.values()))


def delete_manifest(connection: Connection, repository: int, digest: str) -> bool:
    """Forget a manifest and the tags that were pushed for it; whether it was there."""
    values = {"repository": repository, "name": digest}
    connection.execute(_DELETE_TAGS, values)
    return connection.execute(_DELETE, values).rowcount > 0


def tag(connection: Connection, repository: int, name: str) -> Tag | None:
    """The tag that was pushed under a name."""
    row = connection.execute(_ONE_TAG, {"repository": repository, "name": name}).one_or_none()
    return None if row is None else Tag(row.name, row.digest, row.commit)


def tags_of(connection: Connection, repository: int, digest: str) -> Sequence[str]:
    """Names of the tags that were pushed for a manifest."""
    return connection.execute(_TAGS_OF, {"repository": repository, "digest": digest}).scalars().all()


def loose_tags(connection: Connection, repository: int) -> Sequence[str]:
    """Names of the tags that are no refs."""
    return connection.execute(_LOOSE_TAGS, {"repository": repository}).scalars().all()


def put_tag(connection: Connection, repository: int, item: Tag, now: int) -> None:
    """Record a tag, in place of the one of that name."""
    _PUT_TAG(connection, {"repository_id": repository, **msgspec.structs.asdict(item), "updated_at": now})


def delete_tag(connection: Connection, repository: int, name: str) -> bool:
    """Forget a tag; whether it was there."""
    return connection.execute(_DELETE_TAG, {"repository": repository, "tag": name}).rowcount > 0


def git_blob(connection: Connection, repository: int, sha256: bytes) -> tuple[bytes, str] | None:
    """Commit and path of a blob that git alone has; an empty path for the config of the commit's manifest."""
    row = connection.execute(_BLOB, {"repository": repository, "sha256": sha256}).one_or_none()
    return None if row is None else (row.commit, row.path)


def move_git_blob(connection: Connection, repository: int, sha256: bytes, commit: bytes, path: str) -> None:
    """Note another place of such a blob."""
    _MOVE_BLOB(connection, {"repository_id": repository, "sha256": sha256, "commit": commit, "path": path})


def is_uploaded(connection: Connection, repository: int, account: int | None, sha256: bytes) -> bool:
    """Whether the account has sent a blob to the repository that no manifest names yet."""
    values = {"repository": repository, "account": account, "sha256": sha256}
    return connection.execute(_UPLOADED, values).first() is not None


def add_upload(
    connection: Connection, repository: int, account: int, sha256: bytes, sha512: bytes | None, now: int, before: int
) -> None:
    """Note that an account has sent a blob, by both its names where a client uses the other one, and forget what was
    sent ``before`` a time.
    """
    connection.execute(_OLD_UPLOADS, {"before": before})
    row = {"repository_id": repository, "sha256": sha256, "account_id": account, "created_at": now}
    _ADD_UPLOAD(connection, row)
    if sha512 is not None:
        _ADD_SHA512(connection, {"sha512": sha512, "sha256": sha256})


def delete_upload(connection: Connection, repository: int, sha256: bytes) -> bool:
    """Forget that anybody has sent a blob; whether somebody had."""
    return connection.execute(_DELETE_UPLOAD, {"repository": repository, "content": sha256}).rowcount > 0


def sha256_of(connection: Connection, sha512: bytes) -> bytes | None:
    """The SHA-256 of content that was pushed under its SHA-512."""
    found: bytes | None = connection.execute(_SHA256, {"sha512": sha512}).scalar()
    return found


def _manifest(row: Row[Any] | None) -> StoredManifest | None:
    return None if row is None else StoredManifest(**row._mapping)


def _row(repository: int, item: StoredManifest, now: int) -> dict[str, Any]:
    return {"repository_id": repository, **msgspec.structs.asdict(item), "created_at": now}
