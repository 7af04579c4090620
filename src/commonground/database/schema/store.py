"""Tables of stored bytes: xorbs, chunks, files, and who may use them."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, SmallInteger, String, Table, Text

from commonground.database.schema.base import Identity, metadata, moment, reference, row_id

xorb = Table(
    "xorb",
    metadata,
    row_id(),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("generation", BigInteger, nullable=False),  # random, part of the object's name: see store/model.py
    Column("packed_length", BigInteger, nullable=False),  # bytes in the backend
    Column("length", BigInteger, nullable=False),  # bytes after decompression
    Column("chunk_index", LargeBinary, nullable=False),  # see store/xet/xorb.py: XorbIndex
    moment("created_at"),
    moment("damaged_at", nullable=True),  # set by scrub
)

chunk = Table(
    "chunk",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    reference("xorb_id", "xorb.id"),
    Column("position", Integer, nullable=False),
    Index("ix_chunk_xorb_id", "xorb_id"),
    sqlite_with_rowid=False,
)

file = Table(
    "file",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),  # xet file hash
    Column("sha256", LargeBinary(32)),  # as computed by the server, when state is 1
    Column("size", BigInteger, nullable=False),
    Column(
        "terms", LargeBinary, nullable=False
    ),  # per term: xorb hash 32, start u32, end u32, bytes u32 (little endian)
    Column("state", SmallInteger, nullable=False),  # 0 unverified, 1 verified; claims are in file_link and file_upload
    moment("created_at"),
    Index("ix_file_sha256", "sha256"),
)

file_xorb = Table(
    "file_xorb",
    metadata,
    reference("xorb_id", "xorb.id", primary_key=True),
    Column("file_hash", LargeBinary(32), primary_key=True),
    Index("ix_file_xorb_file_hash", "file_hash"),
    sqlite_with_rowid=False,
)

file_link = Table(
    "file_link",
    metadata,
    Column("repository_id", Identity, primary_key=True),  # the store does not know repositories: no foreign key
    Column("file_hash", LargeBinary(32), primary_key=True),
    Column("sha256", LargeBinary(32)),
    Column("size", BigInteger, nullable=False),
    Column("filename", Text, nullable=False, default=""),
    Column("account_id", Identity),
    moment("created_at"),
    Index("ix_file_link_file_hash", "file_hash"),
    Index("ix_file_link_sha256", "sha256", "repository_id"),
)

file_upload = Table(
    "file_upload",
    metadata,
    Column("account_id", Identity, primary_key=True),
    Column("file_hash", LargeBinary(32), primary_key=True),
    Column("sha256", LargeBinary(32)),
    moment("created_at"),
    Index("ix_file_upload_sha256", "sha256", "account_id"),
    Index("ix_file_upload_file_hash", "file_hash"),
)

xorb_upload = Table(
    "xorb_upload",
    metadata,
    Column("account_id", Identity, primary_key=True),
    reference("xorb_id", "xorb.id", primary_key=True),
    moment("created_at"),
    Index("ix_xorb_upload_xorb_id", "xorb_id"),
)

multipart_upload = Table(
    "multipart_upload",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("account_id", Identity, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("part_size", BigInteger, nullable=False),
    Column("parts", Text, nullable=False, default="{}"),  # JSON: part number -> etag
    moment("created_at"),
)

upload_session = Table(
    "upload_session",
    metadata,
    Column("id", String(64), primary_key=True),  # unguessable
    Column("account_id", Identity, nullable=False),
    Column("purpose", String(32), nullable=False),  # the protocol: oci, s3, ...
    Column("details", Text, nullable=False, default="{}"),  # JSON
    Column("size", BigInteger, nullable=False),  # of the parts together
    moment("expires_at"),
    Index("ix_upload_session_expires_at", "expires_at"),
)

upload_part = Table(
    "upload_part",
    metadata,
    Column("session_id", String(64), ForeignKey("upload_session.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("file_hash", LargeBinary(32), nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("size", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

content_md5 = Table(
    "content_md5",
    metadata,
    Column("sha256", LargeBinary(32), primary_key=True),
    Column("md5", LargeBinary(16), nullable=False),
    sqlite_with_rowid=False,
)
