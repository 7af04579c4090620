"""Create the schema of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SEARCH_SQLITE = (
    """CREATE VIRTUAL TABLE IF NOT EXISTS repository_search USING fts5(title, parts, body, tokenize='ascii', prefix='2 3 4 5')""",
    """CREATE TRIGGER IF NOT EXISTS repository_search_delete AFTER DELETE ON repository
       BEGIN DELETE FROM repository_search WHERE rowid = old.id; END""",
)

_SEARCH_POSTGRESQL = (
    """CREATE TABLE IF NOT EXISTS repository_search (
         repository_id BIGINT PRIMARY KEY REFERENCES repository (id) ON DELETE CASCADE,
         document TSVECTOR NOT NULL)""",
    """CREATE INDEX IF NOT EXISTS ix_repository_search_document ON repository_search USING gin (document)""",
)

_Identity = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table, in the order of their references."""
    _create_account()
    _create_event()
    _create_event_cursor()
    _create_file()
    _create_file_link()
    _create_file_upload()
    _create_multipart_upload()
    _create_one_time_link()
    _create_server_value()
    _create_task()
    _create_xorb()
    _create_chunk()
    _create_file_xorb()
    _create_membership()
    _create_repository()
    _create_session()
    _create_token()
    _create_xorb_upload()
    _create_access_grant()
    _create_download_day()
    _create_git_object()
    _create_path_entry()
    _create_path_index()
    _create_redirect()
    _create_ref()
    _create_repository_tag()
    _create_upload_lease()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SEARCH_SQLITE if sqlite else _SEARCH_POSTGRESQL:
        op.execute(statement)


def _create_account() -> None:
    op.create_table(
        "account",
        sa.Column("id", _Identity, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("name_key", sa.String(length=64), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("default_visibility", sa.String(length=16), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name_key", name=op.f("uq_account_name_key")),
        sqlite_autoincrement=True,
    )


def _create_event() -> None:
    op.create_table(
        "event",
        sa.Column("id", _Identity, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sqlite_autoincrement=True,
    )


def _create_event_cursor() -> None:
    op.create_table(
        "event_cursor",
        sa.Column("consumer", sa.String(length=64), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", name=op.f("pk_event_cursor")),
    )


def _create_file() -> None:
    op.create_table(
        "file",
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("terms", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_file")),
    )
    op.create_index("ix_file_sha256", "file", ["sha256"], unique=False)


def _create_file_link() -> None:
    op.create_table(
        "file_link",
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("file_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("account_id", _Identity, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("repository_id", "file_hash", name=op.f("pk_file_link")),
    )
    op.create_index("ix_file_link_file_hash", "file_link", ["file_hash"], unique=False)
    op.create_index("ix_file_link_sha256", "file_link", ["sha256", "repository_id"], unique=False)


def _create_file_upload() -> None:
    op.create_table(
        "file_upload",
        sa.Column("account_id", _Identity, nullable=False),
        sa.Column("file_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "file_hash", name=op.f("pk_file_upload")),
    )
    op.create_index("ix_file_upload_file_hash", "file_upload", ["file_hash"], unique=False)
    op.create_index("ix_file_upload_sha256", "file_upload", ["sha256", "account_id"], unique=False)


def _create_multipart_upload() -> None:
    op.create_table(
        "multipart_upload",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_id", _Identity, nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("part_size", sa.BigInteger(), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_multipart_upload")),
    )


def _create_one_time_link() -> None:
    op.create_table(
        "one_time_link",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_one_time_link")),
    )


def _create_server_value() -> None:
    op.create_table(
        "server_value",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_server_value")),
    )


def _create_task() -> None:
    op.create_table(
        "task",
        sa.Column("id", _Identity, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("worker", sa.String(length=128), nullable=True),
        sa.Column("progress", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("run_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("key", name=op.f("uq_task_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_task_state_run_at", "task", ["state", sa.text("priority DESC"), "run_at", "id"])


def _create_xorb() -> None:
    op.create_table(
        "xorb",
        sa.Column("id", _Identity, autoincrement=True, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("packed_length", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("chunk_index", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("damaged_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_xorb")),
        sa.UniqueConstraint("hash", name=op.f("uq_xorb_hash")),
    )


def _create_chunk() -> None:
    op.create_table(
        "chunk",
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("xorb_id", _Identity, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["xorb_id"], ["xorb.id"], name=op.f("fk_chunk_xorb_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_chunk")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_chunk_xorb_id", "chunk", ["xorb_id"], unique=False)


def _create_file_xorb() -> None:
    op.create_table(
        "file_xorb",
        sa.Column("xorb_id", _Identity, nullable=False),
        sa.Column("file_hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["xorb_id"], ["xorb.id"], name=op.f("fk_file_xorb_xorb_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("xorb_id", "file_hash", name=op.f("pk_file_xorb")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_file_xorb_file_hash", "file_xorb", ["file_hash"], unique=False)


def _create_membership() -> None:
    op.create_table(
        "membership",
        sa.Column("organization_id", _Identity, nullable=False),
        sa.Column("account_id", _Identity, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_membership_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["account.id"], name=op.f("fk_membership_organization_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organization_id", "account_id", name=op.f("pk_membership")),
    )
    op.create_index("ix_membership_account_id", "membership", ["account_id"], unique=False)


def _create_repository() -> None:
    op.create_table(
        "repository",
        sa.Column("id", _Identity, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("owner_id", _Identity, nullable=False),
        sa.Column("name", sa.String(length=96), nullable=False),
        sa.Column("name_key", sa.String(length=96), nullable=False),
        sa.Column("visibility", sa.String(length=16), nullable=False),
        sa.Column("gated", sa.String(length=16), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("default_branch", sa.String(length=255), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("head", sa.LargeBinary(length=20), nullable=True),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("pipeline_tag", sa.String(length=64), nullable=True),
        sa.Column("library_name", sa.String(length=64), nullable=True),
        sa.Column("license", sa.String(length=64), nullable=True),
        sa.Column("parameters", sa.BigInteger(), nullable=True),
        sa.Column("weights", sa.Text(), nullable=False),
        sa.Column("used_storage", sa.BigInteger(), nullable=False),
        sa.Column("downloads", sa.BigInteger(), nullable=False),
        sa.Column("downloads_all_time", sa.BigInteger(), nullable=False),
        sa.Column("likes", sa.BigInteger(), nullable=False),
        sa.Column("trending", sa.Float(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["account.id"], name=op.f("fk_repository_owner_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repository")),
        sa.UniqueConstraint("kind", "owner_id", "name_key", name=op.f("uq_repository_kind_owner_id_name_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_repository_kind_created_at", "repository", ["kind", "created_at", "id"], unique=False)
    op.create_index("ix_repository_kind_downloads", "repository", ["kind", "downloads", "id"], unique=False)
    op.create_index("ix_repository_kind_gated", "repository", ["kind", "gated", "id"], unique=False)
    op.create_index("ix_repository_kind_likes", "repository", ["kind", "likes", "id"], unique=False)
    op.create_index("ix_repository_kind_parameters", "repository", ["kind", "parameters", "id"], unique=False)
    op.create_index("ix_repository_kind_trending", "repository", ["kind", "trending", "id"], unique=False)
    op.create_index("ix_repository_kind_updated_at", "repository", ["kind", "updated_at", "id"], unique=False)
    op.create_index("ix_repository_owner_id", "repository", ["owner_id"], unique=False)


def _create_session() -> None:
    op.create_table(
        "session",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", _Identity, nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_session_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_session")),
    )
    op.create_index("ix_session_account_id", "session", ["account_id"], unique=False)


def _create_token() -> None:
    op.create_table(
        "token",
        sa.Column("id", _Identity, autoincrement=True, nullable=False),
        sa.Column("account_id", _Identity, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("preview", sa.String(length=16), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_token_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_token_digest")),
    )
    op.create_index("ix_token_account_id", "token", ["account_id"], unique=False)


def _create_xorb_upload() -> None:
    op.create_table(
        "xorb_upload",
        sa.Column("account_id", _Identity, nullable=False),
        sa.Column("xorb_id", _Identity, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["xorb_id"], ["xorb.id"], name=op.f("fk_xorb_upload_xorb_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "xorb_id", name=op.f("pk_xorb_upload")),
    )
    op.create_index("ix_xorb_upload_xorb_id", "xorb_upload", ["xorb_id"], unique=False)


def _create_access_grant() -> None:
    op.create_table(
        "access_grant",
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("account_id", _Identity, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_access_grant_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_access_grant_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repository_id", "account_id", name=op.f("pk_access_grant")),
    )
    op.create_index("ix_access_grant_account_id", "access_grant", ["account_id"], unique=False)


def _create_download_day() -> None:
    op.create_table(
        "download_day",
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_download_day_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repository_id", "day", name=op.f("pk_download_day")),
        sqlite_with_rowid=False,
    )


def _create_git_object() -> None:
    op.create_table(
        "git_object",
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("sha", sa.LargeBinary(length=20), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("encoding", sa.SmallInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("file_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("pointer_sha256", sa.LargeBinary(length=32), nullable=True),
        sa.Column("pointer_size", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_git_object_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repository_id", "sha", name=op.f("pk_git_object")),
    )


def _create_path_entry() -> None:
    op.create_table(
        "path_entry",
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("ref", sa.String(length=255), nullable=False),
        sa.Column("path", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("mode", sa.Integer(), nullable=False),
        sa.Column("sha", sa.LargeBinary(length=20), nullable=False),
        sa.Column("last_commit", sa.LargeBinary(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_path_entry_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repository_id", "ref", "path", name=op.f("pk_path_entry")),
        sqlite_with_rowid=False,
    )


def _create_path_index() -> None:
    op.create_table(
        "path_index",
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("ref", sa.String(length=255), nullable=False),
        sa.Column("commit", sa.LargeBinary(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_path_index_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repository_id", "ref", name=op.f("pk_path_index")),
    )


def _create_redirect() -> None:
    op.create_table(
        "redirect",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("owner_key", sa.String(length=64), nullable=False),
        sa.Column("name_key", sa.String(length=96), nullable=False),
        sa.Column("repository_id", _Identity, nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_redirect_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("kind", "owner_key", "name_key", name=op.f("pk_redirect")),
    )
    op.create_index("ix_redirect_repository_id", "redirect", ["repository_id"], unique=False)


def _create_ref() -> None:
    op.create_table(
        "ref",
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("sha", sa.LargeBinary(length=20), nullable=False),
        sa.Column("target", sa.LargeBinary(length=20), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_ref_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repository_id", "name", name=op.f("pk_ref")),
    )


def _create_repository_tag() -> None:
    op.create_table(
        "repository_tag",
        sa.Column("tag", sa.String(length=255), nullable=False),
        sa.Column("repository_id", _Identity, nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_repository_tag_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tag", "repository_id", name=op.f("pk_repository_tag")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_repository_tag_repository_id", "repository_tag", ["repository_id"], unique=False)


def _create_upload_lease() -> None:
    op.create_table(
        "upload_lease",
        sa.Column("id", _Identity, autoincrement=True, nullable=False),
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_upload_lease_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_lease")),
    )
    op.create_index("ix_upload_lease_repository_id", "upload_lease", ["repository_id"], unique=False)
    # ### end Alembic commands ###
