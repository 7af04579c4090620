"""Tables of what people do with repositories of others."""

from sqlalchemy import Index, Table

from commonground.database.schema.base import metadata, moment, reference

likes = Table(
    "likes",
    metadata,
    reference("account_id", "account.id", primary_key=True),
    reference("repository_id", "repository.id", primary_key=True),
    moment("created_at"),
    Index("ix_likes_account_id", "account_id", "created_at", "repository_id"),
    Index("ix_likes_repository_id", "repository_id", "created_at", "account_id"),
    sqlite_with_rowid=False,
)
