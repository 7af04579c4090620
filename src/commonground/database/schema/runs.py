"""Tables of runs: what was asked for, how it went, what it read and what it made."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, String, Table, Text

from commonground.database.schema.base import metadata, moment, reference, row_id

run = Table(
    "run",
    metadata,
    row_id(),
    reference("owner_id", "account.id"),
    Column("name", String(96), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("engine", String(32), nullable=False),
    Column("spec", Text, nullable=False),  # JSON, inputs pinned to commits; secrets by name only
    Column("state", String(16), nullable=False),  # queued | running | succeeded | failed | cancelled
    Column("seed", BigInteger, nullable=False),
    Column("priority", Integer, nullable=False, default=0),
    Column("share", String(96), nullable=False),  # the group whose use counts in fair share
    Column("cpus", Float, nullable=False),  # of all its processes together: a run is admitted whole
    Column("memory", BigInteger, nullable=False),
    Column("gpus", Integer, nullable=False),
    Column("timeout", BigInteger, nullable=False),  # milliseconds of one attempt
    Column("attempt", Integer, nullable=False, default=0),
    Column("last_attempt", Integer, nullable=False),  # no attempt behind this one
    Column("fence", BigInteger, nullable=False, default=0),  # grows with every claim; a stale worker is refused
    Column("worker", String(128)),
    Column("environment", Text),  # JSON: what the last attempt ran in
    Column("exit_code", Integer),
    Column("error", Text),
    Column("cpu_seconds", Float, nullable=False, default=0.0),
    Column("bytes_read", BigInteger, nullable=False, default=0),
    Column("bytes_written", BigInteger, nullable=False, default=0),
    Column("logged", BigInteger, nullable=False, default=0),  # bytes of log kept
    Column("measured", BigInteger, nullable=False, server_default="0"),  # values of metrics kept
    Column("parent_id", BigInteger),  # the run it is a trial of
    Column("schedule_id", BigInteger),  # the schedule that made it, which it outlives
    Column("replay_of", BigInteger),  # the run whose result it is compared with
    Column("verdict", Text),  # JSON: how that comparison ended
    Column("sealed", LargeBinary),  # secrets of the run alone, encrypted
    moment("run_at"),
    moment("lease_until", nullable=True),
    moment("created_at"),
    moment("started_at", nullable=True),
    moment("finished_at", nullable=True),
    Index("ix_run_state", "state", "priority", "id"),
    Index("ix_run_owner_id", "owner_id", "id"),
    Index("ix_run_parent_id", "parent_id", "id"),
    Index("ix_run_schedule_id", "schedule_id", "id"),
    sqlite_autoincrement=True,  # an id is never given twice: commits and lineage name runs by it
)


def _edge(name: str) -> Table:
    """An edge of the lineage. It outlives its repository; ``commit`` is null until the run has published."""
    return Table(
        name,
        metadata,
        reference("run_id", "run.id", primary_key=True),
        Column("name", String(64), primary_key=True),
        Column("repository_id", BigInteger, nullable=False),
        Column("commit", LargeBinary(20)),
        Column("path", Text, nullable=False, default=""),
        Index(f"ix_{name}_repository_id_commit", "repository_id", "commit"),
        sqlite_with_rowid=False,
    )


run_input = _edge("run_input")
run_output = _edge("run_output")

run_file = Table(  # what a run made: of a trial, kept aside; of any other, published
    "run_file",
    metadata,
    reference("run_id", "run.id", primary_key=True),
    Column("output", String(64), primary_key=True),
    Column("path", Text, primary_key=True),  # below the output
    Column("sha256", LargeBinary(32), nullable=False),
    Column("size", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

run_label = Table(
    "run_label",
    metadata,
    reference("run_id", "run.id", primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("value", String(256), nullable=False),
    Index("ix_run_label_key_value", "key", "value", "run_id"),
    sqlite_with_rowid=False,
)

run_log = Table(
    "run_log",
    metadata,
    reference("run_id", "run.id", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("stream", String(16), nullable=False),  # stdout | stderr | system
    Column("text", Text, nullable=False),  # whole lines, at most 64 KiB
    moment("time"),
    sqlite_with_rowid=False,
)

run_metric = Table(
    "run_metric",
    metadata,
    row_id(),
    reference("run_id", "run.id"),
    Column("key", String(128), nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("value", Float, nullable=False),
    moment("time"),
    Index("ix_run_metric_run_id", "run_id", "id"),
    Index("ix_run_metric_key", "run_id", "key", "step"),
)
