"""Create the tables of the other protocols: upload sessions of any of them, likes, and what a protocol remembers itself."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_Identity = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table, in the order of their references."""
    _create_upload_session()
    _create_upload_part()
    _create_content_use()
    _create_oci_manifest()
    _create_oci_tag()
    _create_oci_blob()
    _create_oci_upload()
    _create_oci_digest()
    _create_content_md5()
    _create_likes()


def _create_upload_session() -> None:
    op.create_table(
        "upload_session",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_id", _Identity, nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_session")),
    )
    op.create_index("ix_upload_session_expires_at", "upload_session", ["expires_at"], unique=False)


def _create_upload_part() -> None:
    op.create_table(
        "upload_part",
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("file_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["upload_session.id"], name=op.f("fk_upload_part_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", "number", name=op.f("pk_upload_part")),
        sqlite_with_rowid=False,
    )


def _create_content_md5() -> None:
    op.create_table(
        "content_md5",
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("md5", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_content_md5")),
        sqlite_with_rowid=False,
    )


def _create_likes() -> None:
    op.create_table(
        "likes",
        sa.Column("account_id", _Identity, nullable=False),
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_likes_account_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_likes_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "repository_id", name=op.f("pk_likes")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_likes_account_id", "likes", ["account_id", "created_at", "repository_id"], unique=False)
    op.create_index("ix_likes_repository_id", "likes", ["repository_id", "created_at", "account_id"], unique=False)


def _create_content_use() -> None:
    op.create_table(
        "content_use",
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("used_by", sa.String(length=160), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_content_use_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repository_id", "sha256", "used_by", name=op.f("pk_content_use")),
        sqlite_with_rowid=False,
    )


def _create_oci_manifest() -> None:
    op.create_table(
        "oci_manifest",
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("digest", sa.String(length=140), nullable=False),
        sa.Column("media_type", sa.String(length=255), nullable=False),
        sa.Column("artifact_type", sa.String(length=255), nullable=True),
        sa.Column("subject", sa.String(length=140), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("commit", sa.LargeBinary(length=20), nullable=True),
        sa.Column("projected", sa.Boolean(), nullable=False),
        sa.Column("config", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_oci_manifest_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repository_id", "digest", name=op.f("pk_oci_manifest")),
    )
    op.create_index("ix_oci_manifest_subject", "oci_manifest", ["repository_id", "subject"], unique=False)
    op.create_index("ix_oci_manifest_commit", "oci_manifest", ["repository_id", "commit"], unique=False)


def _create_oci_tag() -> None:
    op.create_table(
        "oci_tag",
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("digest", sa.String(length=140), nullable=False),
        sa.Column("commit", sa.LargeBinary(length=20), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_oci_tag_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repository_id", "name", name=op.f("pk_oci_tag")),
        sqlite_with_rowid=False,
    )


def _create_oci_blob() -> None:
    op.create_table(
        "oci_blob",
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("commit", sa.LargeBinary(length=20), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_oci_blob_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repository_id", "sha256", name=op.f("pk_oci_blob")),
        sqlite_with_rowid=False,
    )


def _create_oci_upload() -> None:
    op.create_table(
        "oci_upload",
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", _Identity, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_oci_upload_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repository_id", "sha256", "account_id", name=op.f("pk_oci_upload")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_oci_upload_created_at", "oci_upload", ["created_at"], unique=False)


def _create_oci_digest() -> None:
    op.create_table(
        "oci_digest",
        sa.Column("sha512", sa.LargeBinary(length=64), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("sha512", name=op.f("pk_oci_digest")),
        sqlite_with_rowid=False,
    )
