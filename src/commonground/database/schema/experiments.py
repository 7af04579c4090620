"""What is recorded of runs beside their metrics: experiments, parameters, tags, artifacts, and the models they logged."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, String, Table, Text, UniqueConstraint

from commonground.database.schema.base import Identity, metadata, moment, reference, row_id

KEY = 250


def _pairs(name: str, subject: str) -> Table:
    """Named texts of a subject."""
    return Table(
        name,
        metadata,
        reference(f"{subject}_id", f"{subject}.id", primary_key=True),
        Column("key", String(KEY), primary_key=True),
        Column("value", Text, nullable=False),
        sqlite_with_rowid=False,
    )


def _files(name: str, subject: str) -> Table:
    """Files of a subject. Their content is the store's, which keeps what is named here."""
    return Table(
        name,
        metadata,
        reference(f"{subject}_id", f"{subject}.id", primary_key=True),
        Column("path", String(1024), primary_key=True),
        Column("file_hash", LargeBinary(32), nullable=False),
        Column("sha256", LargeBinary(32), nullable=False),
        Column("size", BigInteger, nullable=False),
        moment("created_at"),
        Index(f"ix_{name}_file_hash", "file_hash"),
        sqlite_with_rowid=False,
    )


experiment = Table(
    "experiment",
    metadata,
    row_id(),
    reference("owner_id", "account.id"),
    Column("name", String(500), nullable=False),
    moment("created_at"),
    moment("updated_at"),
    moment("deleted_at", nullable=True),
    UniqueConstraint("owner_id", "name"),
    sqlite_autoincrement=True,  # an id is never given twice: clients keep it
)

run_tracking = Table(
    "run_tracking",  # of runs that are in an experiment, or were put into the bin
    metadata,
    reference("run_id", "run.id", primary_key=True),
    reference("experiment_id", "experiment.id", nullable=True),
    moment("deleted_at", nullable=True),
    Index("ix_run_tracking_experiment_id", "experiment_id"),
)

run_metric_gap = Table(
    "run_metric_gap",  # values of metrics that are not a number, which not every database can hold
    metadata,
    row_id(),
    reference("run_id", "run.id"),
    Column("key", String(128), nullable=False),
    Column("step", BigInteger, nullable=False),
    moment("time"),
    Index("ix_run_metric_gap_run_id", "run_id", "key"),
)

run_dataset = Table(
    "run_dataset",
    metadata,
    reference("run_id", "run.id", primary_key=True),
    Column("name", String(500), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("document", Text, nullable=False),  # JSON: as the client described it
    sqlite_with_rowid=False,
)

logged_model = Table(
    "logged_model",
    metadata,
    row_id(),
    Column("uid", String(34), nullable=False),  # m- and 32 hex digits
    reference("owner_id", "account.id"),
    reference("experiment_id", "experiment.id", nullable=True),
    reference("run_id", "run.id", nullable=True),
    Column("name", String(500), nullable=False),
    Column("model_type", String(100), nullable=False, default=""),
    Column("state", String(16), nullable=False),  # pending | ready | failed
    Column("step", BigInteger),  # of the run, at which it was logged
    moment("created_at"),
    moment("updated_at"),
    moment("deleted_at", nullable=True),
    UniqueConstraint("uid"),
    Index("ix_logged_model_owner_id", "owner_id", "id"),
    Index("ix_logged_model_run_id", "run_id"),
    Index("ix_logged_model_experiment_id", "experiment_id"),
)

experiment_tag = _pairs("experiment_tag", "experiment")
run_tag = _pairs("run_tag", "run")
run_param = _pairs("run_param", "run")
logged_model_tag = _pairs("logged_model_tag", "logged_model")
logged_model_param = _pairs("logged_model_param", "logged_model")
run_artifact = _files("run_artifact", "run")
logged_model_artifact = _files("logged_model_artifact", "logged_model")

registration = Table(
    "registration",  # what is known of a commit that became a version of a registered model
    metadata,
    reference("repository_id", "repository.id", primary_key=True),
    Column("commit", LargeBinary(20), primary_key=True),
    Column("account_id", Identity),
    Column("run_id", Identity, ForeignKey("run.id", ondelete="SET NULL")),
    Column("model_uid", String(34)),
    Column("source", Text, nullable=False, default=""),
    Column("paths", Text, nullable=False),  # JSON: the files it brought, for the next version to replace
    moment("created_at"),
    Index("ix_registration_run_id", "run_id"),
    sqlite_with_rowid=False,
)

registry_tag = Table(
    "registry_tag",
    metadata,
    reference("repository_id", "repository.id", primary_key=True),
    Column("commit", LargeBinary(20), primary_key=True),  # empty: of the model itself
    Column("key", String(KEY), primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)
