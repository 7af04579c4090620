"""Tables of the privacy ledger: what a data set may give away, and which runs took how much of it."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Table

from commonground.database.schema.base import metadata, moment, reference

privacy_ledger = Table(
    "privacy_ledger",
    metadata,
    reference("repository_id", "repository.id", primary_key=True),
    Column("epsilon", Float),  # the budget; null: unlimited
    Column("delta", Float),
    Column(
        "version", BigInteger, nullable=False, default=0
    ),  # grows with every change: decisions are made on one state
)

privacy_spend = Table(
    "privacy_spend",
    metadata,
    reference("repository_id", "repository.id", primary_key=True),
    Column("run_id", BigInteger, primary_key=True, autoincrement=False),  # the row outlives the run
    Column("noise", Float, nullable=False),  # a Poisson-sampled Gaussian: noise multiplier,
    Column("sampling_rate", Float, nullable=False),
    Column("steps", BigInteger, nullable=False),
    Column("released", Boolean, nullable=False, default=False),  # the run was cancelled before it began
    moment("created_at"),
    sqlite_with_rowid=False,
)
