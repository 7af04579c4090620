"""Tables of the task queue, the event outbox and server-wide values."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, text

from commonground.database.schema.base import metadata, moment, row_id

task = Table(
    "task",
    metadata,
    row_id(),
    Column("kind", String(64), nullable=False),
    Column("payload", Text, nullable=False),  # JSON
    Column("key", String(255), unique=True),  # at most one waiting or running task has a key
    Column("priority", Integer, nullable=False, default=0),
    Column("again", Boolean, nullable=False, default=False),  # enqueued while running: to be run once more
    Column("state", String(16), nullable=False),  # waiting | running | done | failed | cancelled
    Column("attempts", Integer, nullable=False, default=0),
    Column("max_attempts", Integer, nullable=False, default=5),
    Column("fence", BigInteger, nullable=False, default=0),  # grows with every lease; a stale worker is refused
    Column("worker", String(128)),
    Column("progress", Text),
    Column("error", Text),
    moment("run_at"),
    moment("lease_until", nullable=True),
    moment("created_at"),
    moment("finished_at", nullable=True),
    Index("ix_task_state_run_at", "state", text("priority DESC"), "run_at", "id"),
    sqlite_autoincrement=True,  # an id is never given twice: a fence guards one task for ever
)

event = Table(
    "event",
    metadata,
    row_id(),
    Column("kind", String(64), nullable=False),  # "repository.created", "ref.updated", ...
    Column("subject", String(255), nullable=False, default=""),
    Column("account_id", BigInteger),
    Column("payload", Text, nullable=False),  # JSON
    moment("created_at"),
    sqlite_autoincrement=True,  # an id is a position in the stream: it must not come back after a clean-up
)

event_cursor = Table(
    "event_cursor",
    metadata,
    Column("consumer", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
)

server_value = Table(
    "server_value",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
