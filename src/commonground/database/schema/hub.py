"""Tables of repositories, refs, git objects and what is derived from them."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from commonground.database.schema.base import metadata, moment, reference, row_id

repository = Table(
    "repository",
    metadata,
    row_id(),
    Column("kind", String(16), nullable=False),  # model | dataset | space | kernel
    reference("owner_id", "account.id"),
    Column("name", String(96), nullable=False),
    Column("name_key", String(96), nullable=False),  # lower case, NFC
    Column("visibility", String(16), nullable=False),  # public | private | protected
    Column("gated", String(16), nullable=False, default=""),  # "" | auto | manual
    Column("disabled_reason", Text),
    Column("default_branch", String(255), nullable=False, default="main"),
    Column("options", Text, nullable=False, default="{}"),  # JSON: sdk and other creation options of a space
    # Derived from the head of the default branch, in the transaction that moves it:
    Column("head", LargeBinary(20)),
    Column("card", Text, nullable=False, default="{}"),  # JSON of the README front matter
    Column("description", Text, nullable=False, default=""),  # first paragraph of the card
    Column("tags", Text, nullable=False, default="[]"),  # JSON list, in the order shown; repository_tag is the index
    Column("config", Text, nullable=False, default="{}"),  # JSON: what config.json says of the architecture
    Column("pipeline_tag", String(64)),
    Column("library_name", String(64)),
    Column("license", String(64)),
    Column("parameters", BigInteger),  # number of weights, from safetensors, GGUF or ONNX headers
    Column("weights", Text, nullable=False, default="{}"),  # JSON: formats, dtypes, shapes
    Column("used_storage", BigInteger, nullable=False, default=0),
    # Counters, written by other domains:
    Column("downloads", BigInteger, nullable=False, default=0),  # last 30 days
    Column("downloads_all_time", BigInteger, nullable=False, default=0),
    Column("likes", BigInteger, nullable=False, default=0),
    Column("trending", Float, nullable=False, default=0.0),
    moment("created_at"),
    moment("updated_at"),
    UniqueConstraint("kind", "owner_id", "name_key"),
    Index("ix_repository_owner_id", "owner_id"),
    Index("ix_repository_kind_updated_at", "kind", "updated_at", "id"),
    Index("ix_repository_kind_created_at", "kind", "created_at", "id"),
    Index("ix_repository_kind_downloads", "kind", "downloads", "id"),
    Index("ix_repository_kind_likes", "kind", "likes", "id"),
    Index("ix_repository_kind_trending", "kind", "trending", "id"),
    Index("ix_repository_kind_parameters", "kind", "parameters", "id"),
    Index("ix_repository_kind_gated", "kind", "gated", "id"),
    sqlite_autoincrement=True,  # an id is never given out twice: tokens and store rows name repositories by it
)

redirect = Table(
    "redirect",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("owner_key", String(64), primary_key=True),
    Column("name_key", String(96), primary_key=True),
    reference("repository_id", "repository.id"),
    Index("ix_redirect_repository_id", "repository_id"),
)

repository_tag = Table(
    "repository_tag",
    metadata,
    Column("tag", String(255), primary_key=True),  # "pytorch", "license:mit", "language:en", "dataset:x"...
    reference("repository_id", "repository.id", primary_key=True),
    Index("ix_repository_tag_repository_id", "repository_id"),
    sqlite_with_rowid=False,
)

ref = Table(
    "ref",
    metadata,
    reference("repository_id", "repository.id", primary_key=True),
    Column("name", String(255), primary_key=True),  # refs/heads/main, refs/tags/v1, refs/pr/1, refs/convert/parquet
    Column("sha", LargeBinary(20), nullable=False),  # what git advertises: a commit, or an annotated tag object
    Column("target", LargeBinary(20), nullable=False),  # the commit behind it
    moment("updated_at"),
)

git_object = Table(
    "git_object",
    metadata,
    reference("repository_id", "repository.id", primary_key=True),
    Column("sha", LargeBinary(20), primary_key=True),
    Column("kind", SmallInteger, nullable=False),  # git's type numbers: 1 commit, 2 tree, 3 blob, 4 tag
    Column("size", BigInteger, nullable=False),  # of the uncompressed body
    Column("encoding", SmallInteger, nullable=False),  # 0 raw, 1 zlib, 2 in the store under file_hash
    Column("data", LargeBinary),
    Column("file_hash", LargeBinary(32)),
    Column("pointer_sha256", LargeBinary(32)),  # of an LFS pointer blob: the content it names,
    Column("pointer_size", BigInteger),  # and its length
    moment("created_at"),
)

path_entry = Table(
    "path_entry",
    metadata,
    reference("repository_id", "repository.id", primary_key=True),
    Column("ref", String(255), primary_key=True),
    Column("path", Text().with_variant(Text(collation="C"), "postgresql"), primary_key=True),  # sorted by bytes
    Column("mode", Integer, nullable=False),  # git mode: 0o100644, 0o100755, 0o120000, 0o040000
    Column("sha", LargeBinary(20), nullable=False),
    Column("last_commit", LargeBinary(20), nullable=False),
    sqlite_with_rowid=False,
)

path_index = Table(
    "path_index",
    metadata,
    reference("repository_id", "repository.id", primary_key=True),
    Column("ref", String(255), primary_key=True),
    Column("commit", LargeBinary(20), nullable=False),  # path_entry is complete for this commit of the ref
)

upload_lease = Table(
    "upload_lease",
    metadata,
    row_id(),
    reference("repository_id", "repository.id"),
    moment("expires_at"),
    Index("ix_upload_lease_repository_id", "repository_id"),
)

download_day = Table(
    "download_day",
    metadata,
    reference("repository_id", "repository.id", primary_key=True),
    Column("day", Integer, primary_key=True),  # days since 1970 UTC
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

content_use = Table(
    "content_use",
    metadata,
    reference("repository_id", "repository.id", primary_key=True),
    Column("sha256", LargeBinary(32), primary_key=True),
    Column("used_by", String(160), primary_key=True),  # what beside git objects needs the content: a manifest's digest
    sqlite_with_rowid=False,
)
