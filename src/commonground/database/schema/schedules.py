"""The table of schedules: specifications that are submitted again and again."""

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, String, Table, Text

from commonground.database.schema.base import metadata, moment, reference, row_id

schedule = Table(
    "schedule",
    metadata,
    row_id(),
    reference("owner_id", "account.id"),
    Column("name", String(96), nullable=False),
    Column("cron", String(128), nullable=False),  # five fields, UTC
    Column("spec", Text, nullable=False),  # JSON as it was given: inputs are pinned by each of its runs
    Column("sealed", LargeBinary),  # secrets of its runs, encrypted
    Column("labels", Text, nullable=False),  # JSON
    Column("concurrency", String(16), nullable=False),  # allow | forbid | replace
    Column("suspended", Boolean, nullable=False),
    Column("error", Text),  # why the last time made no run
    Column("last_run_id", BigInteger),
    moment("created_at"),
    moment("next_at"),
    moment("last_at", nullable=True),
    Index("ix_schedule_owner_id", "owner_id", "id"),
    Index("ix_schedule_next_at", "suspended", "next_at"),
    sqlite_autoincrement=True,
)
