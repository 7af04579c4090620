"""What the OCI protocol remembers beside the repository: manifests, tags, and which blobs they name."""

from sqlalchemy import Boolean, Column, Index, LargeBinary, String, Table, Text

from commonground.database.schema.base import Identity, metadata, moment, reference

oci_manifest = Table(
    "oci_manifest",
    metadata,
    reference("repository_id", "repository.id", primary_key=True),
    Column("digest", String(140), primary_key=True),  # sha256:... or sha512:...
    Column("media_type", String(255), nullable=False),
    Column("artifact_type", String(255)),
    Column("subject", String(140)),  # the digest of the manifest it refers to
    Column("body", LargeBinary, nullable=False),  # exactly as it was pushed, or as it was computed
    Column("commit", LargeBinary(20)),  # what a pushed model artifact became, or what it was computed from
    Column("projected", Boolean, nullable=False),  # computed from the commit
    Column("config", LargeBinary),  # of a computed one: the body of its config blob
    moment("created_at"),
    Index("ix_oci_manifest_subject", "repository_id", "subject"),
    Index("ix_oci_manifest_commit", "repository_id", "commit"),
)

oci_tag = Table(
    "oci_tag",
    metadata,
    reference("repository_id", "repository.id", primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("digest", String(140), nullable=False),
    Column("commit", LargeBinary(20)),  # it holds as long as the ref of this name is there; none: as long as no ref is
    moment("updated_at"),
    sqlite_with_rowid=False,
)

oci_blob = Table(
    "oci_blob",
    metadata,
    reference("repository_id", "repository.id", primary_key=True),
    Column("sha256", LargeBinary(32), primary_key=True),
    Column("commit", LargeBinary(20), nullable=False),
    Column("path", Text, nullable=False),  # of a plain git blob in that commit; empty: the config of its manifest
    sqlite_with_rowid=False,
)

oci_upload = Table(
    "oci_upload",
    metadata,
    reference("repository_id", "repository.id", primary_key=True),
    Column("sha256", LargeBinary(32), primary_key=True),
    Column("account_id", Identity, primary_key=True),  # it sent the blob, or mounted it, and has yet to name it
    moment("created_at"),
    Index("ix_oci_upload_created_at", "created_at"),
    sqlite_with_rowid=False,
)

oci_digest = Table(
    "oci_digest",
    metadata,
    Column("sha512", LargeBinary(64), primary_key=True),  # computed by the server
    Column("sha256", LargeBinary(32), nullable=False),
    sqlite_with_rowid=False,
)
