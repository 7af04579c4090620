"""Create the tables of schedules, of what runs made, and of what belongs to them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_Identity = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table, in the order of their references."""
    _widen_run()
    _create_run_file()
    _create_run_label()
    _create_schedule()
    _create_tracking()
    _create_privacy()


def _widen_run() -> None:
    for column in (
        sa.Column("measured", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("schedule_id", sa.BigInteger(), nullable=True),
        sa.Column("replay_of", sa.BigInteger(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
    ):
        op.add_column("run", column)
    op.create_index("ix_run_parent_id", "run", ["parent_id", "id"], unique=False)
    op.create_index("ix_run_schedule_id", "run", ["schedule_id", "id"], unique=False)


def _create_run_file() -> None:
    op.create_table(
        "run_file",
        sa.Column("run_id", _Identity, nullable=False),
        sa.Column("output", sa.String(length=64), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_file_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "output", "path", name=op.f("pk_run_file")),
        sqlite_with_rowid=False,
    )


def _create_run_label() -> None:
    op.create_table(
        "run_label",
        sa.Column("run_id", _Identity, nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("value", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_label_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "key", name=op.f("pk_run_label")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_run_label_key_value", "run_label", ["key", "value", "run_id"], unique=False)


def _create_schedule() -> None:
    op.create_table(
        "schedule",
        sa.Column("id", _Identity, autoincrement=True, nullable=False),
        sa.Column("owner_id", _Identity, nullable=False),
        sa.Column("name", sa.String(length=96), nullable=False),
        sa.Column("cron", sa.String(length=128), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("concurrency", sa.String(length=16), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("last_run_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["account.id"], name=op.f("fk_schedule_owner_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_schedule_owner_id", "schedule", ["owner_id", "id"], unique=False)
    op.create_index("ix_schedule_next_at", "schedule", ["suspended", "next_at"], unique=False)


def _create_tracking() -> None:
    _create_experiment()
    _create_run_tracking()
    _create_run_metric_gap()
    _create_run_dataset()
    _create_logged_model()
    for subject in ("experiment", "run", "logged_model"):
        _create_pairs(f"{subject}_tag", subject)
    for subject in ("run", "logged_model"):
        _create_pairs(f"{subject}_param", subject)
        _create_files(f"{subject}_artifact", subject)
    _create_registration()
    _create_registry_tag()
    op.create_index("ix_run_metric_key", "run_metric", ["run_id", "key", "step"], unique=False)


def _create_pairs(name: str, subject: str) -> None:
    op.create_table(
        name,
        sa.Column(f"{subject}_id", _Identity, nullable=False),
        sa.Column("key", sa.String(length=250), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            [f"{subject}_id"], [f"{subject}.id"], name=op.f(f"fk_{name}_{subject}_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(f"{subject}_id", "key", name=op.f(f"pk_{name}")),
        sqlite_with_rowid=False,
    )


def _create_files(name: str, subject: str) -> None:
    op.create_table(
        name,
        sa.Column(f"{subject}_id", _Identity, nullable=False),
        sa.Column("path", sa.String(length=1024), nullable=False),
        sa.Column("file_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            [f"{subject}_id"], [f"{subject}.id"], name=op.f(f"fk_{name}_{subject}_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(f"{subject}_id", "path", name=op.f(f"pk_{name}")),
        sqlite_with_rowid=False,
    )
    op.create_index(f"ix_{name}_file_hash", name, ["file_hash"], unique=False)


def _create_experiment() -> None:
    op.create_table(
        "experiment",
        sa.Column("id", _Identity, autoincrement=True, nullable=False),
        sa.Column("owner_id", _Identity, nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["account.id"], name=op.f("fk_experiment_owner_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiment")),
        sa.UniqueConstraint("owner_id", "name", name=op.f("uq_experiment_owner_id_name")),
        sqlite_autoincrement=True,
    )


def _create_run_tracking() -> None:
    op.create_table(
        "run_tracking",
        sa.Column("run_id", _Identity, nullable=False),
        sa.Column("experiment_id", _Identity, nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiment.id"], name=op.f("fk_run_tracking_experiment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_tracking_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_run_tracking")),
    )
    op.create_index("ix_run_tracking_experiment_id", "run_tracking", ["experiment_id"], unique=False)


def _create_run_metric_gap() -> None:
    op.create_table(
        "run_metric_gap",
        sa.Column("id", _Identity, autoincrement=True, nullable=False),
        sa.Column("run_id", _Identity, nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_metric_gap_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_metric_gap")),
    )
    op.create_index("ix_run_metric_gap_run_id", "run_metric_gap", ["run_id", "key"], unique=False)


def _create_run_dataset() -> None:
    op.create_table(
        "run_dataset",
        sa.Column("run_id", _Identity, nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_dataset_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "name", "digest", name=op.f("pk_run_dataset")),
        sqlite_with_rowid=False,
    )


def _create_logged_model() -> None:
    op.create_table(
        "logged_model",
        sa.Column("id", _Identity, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(length=34), nullable=False),
        sa.Column("owner_id", _Identity, nullable=False),
        sa.Column("experiment_id", _Identity, nullable=True),
        sa.Column("run_id", _Identity, nullable=True),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("model_type", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiment.id"], name=op.f("fk_logged_model_experiment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["account.id"], name=op.f("fk_logged_model_owner_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_logged_model_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logged_model")),
        sa.UniqueConstraint("uid", name=op.f("uq_logged_model_uid")),
    )
    op.create_index("ix_logged_model_experiment_id", "logged_model", ["experiment_id"], unique=False)
    op.create_index("ix_logged_model_owner_id", "logged_model", ["owner_id", "id"], unique=False)
    op.create_index("ix_logged_model_run_id", "logged_model", ["run_id"], unique=False)


def _create_registration() -> None:
    op.create_table(
        "registration",
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("commit", sa.LargeBinary(length=20), nullable=False),
        sa.Column("account_id", _Identity, nullable=True),
        sa.Column("run_id", _Identity, nullable=True),
        sa.Column("model_uid", sa.String(length=34), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("paths", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_registration_repository_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_registration_run_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("repository_id", "commit", name=op.f("pk_registration")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_registration_run_id", "registration", ["run_id"], unique=False)


def _create_registry_tag() -> None:
    op.create_table(
        "registry_tag",
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("commit", sa.LargeBinary(length=20), nullable=False),
        sa.Column("key", sa.String(length=250), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_registry_tag_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repository_id", "commit", "key", name=op.f("pk_registry_tag")),
        sqlite_with_rowid=False,
    )


def _create_privacy() -> None:
    op.create_table(
        "privacy_ledger",
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("epsilon", sa.Float(), nullable=True),
        sa.Column("delta", sa.Float(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_privacy_ledger_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repository_id", name=op.f("pk_privacy_ledger")),
    )
    op.create_table(
        "privacy_spend",
        sa.Column("repository_id", _Identity, nullable=False),
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("noise", sa.Float(), nullable=False),
        sa.Column("sampling_rate", sa.Float(), nullable=False),
        sa.Column("steps", sa.BigInteger(), nullable=False),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repository.id"], name=op.f("fk_privacy_spend_repository_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("repository_id", "run_id", name=op.f("pk_privacy_spend")),
        sqlite_with_rowid=False,
    )
