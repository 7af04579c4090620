"""Tables of users, organisations, tokens, sessions and grants."""

from sqlalchemy import Boolean, Column, Index, LargeBinary, String, Table, Text

from commonground.database.schema.base import metadata, moment, reference, row_id

account = Table(
    "account",
    metadata,
    row_id(),
    Column("kind", String(16), nullable=False),  # user | organization
    Column("name", String(64), nullable=False),
    Column("name_key", String(64), nullable=False, unique=True),  # lower case
    Column("full_name", Text, nullable=False, default=""),
    Column("email", Text, nullable=False, default=""),
    Column("password_hash", Text),  # argon2id; NULL: no password login
    Column("is_admin", Boolean, nullable=False, default=False),
    Column("default_visibility", String(16), nullable=False, default="public"),
    Column("locale", String(16)),
    moment("created_at"),
    moment("disabled_at", nullable=True),
    sqlite_autoincrement=True,  # an id is never given out twice: tokens in flight and uploads name accounts by it
)

membership = Table(
    "membership",
    metadata,
    reference("organization_id", "account.id", primary_key=True),
    reference("account_id", "account.id", primary_key=True),
    Column("role", String(16), nullable=False),  # admin | write | contributor | read
    Index("ix_membership_account_id", "account_id"),
)

token = Table(
    "token",
    metadata,
    row_id(),
    reference("account_id", "account.id"),
    Column("name", Text, nullable=False),
    Column("digest", LargeBinary(32), nullable=False, unique=True),  # SHA-256 of the token text
    Column("preview", String(16), nullable=False),  # first and last characters, for lists
    Column("role", String(16), nullable=False),  # read | write | fine-grained
    Column("scopes", Text, nullable=False, default="[]"),  # JSON, for fine-grained tokens
    moment("created_at"),
    moment("expires_at", nullable=True),
    moment("last_used_at", nullable=True),
    Index("ix_token_account_id", "account_id"),
)

session = Table(
    "session",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),  # SHA-256 of the cookie
    reference("account_id", "account.id"),
    Column("user_agent", Text, nullable=False, default=""),
    moment("created_at"),
    moment("expires_at"),
    Index("ix_session_account_id", "account_id"),
)

one_time_link = Table(
    "one_time_link",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("purpose", String(32), nullable=False),  # first-admin | invitation
    Column("details", Text, nullable=False, default="{}"),
    moment("created_at"),
    moment("expires_at"),
    moment("used_at", nullable=True),
)

access_grant = Table(
    "access_grant",
    metadata,
    reference("repository_id", "repository.id", primary_key=True),
    reference("account_id", "account.id", primary_key=True),
    Column("role", String(16), nullable=False),  # admin | write | contributor | read
    moment("created_at"),
    Index("ix_access_grant_account_id", "account_id"),
)
