"""The shared ``MetaData`` with stable constraint names, and column shorthands."""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Identity = BigInteger().with_variant(Integer, "sqlite")
"""Row ids: 64 bit on both databases (SQLite autoincrements only a column declared INTEGER)."""


def row_id() -> Column[int]:
    """The surrogate primary key of a table."""
    return Column("id", Identity, primary_key=True, autoincrement=True)


def moment(name: str, *, nullable: bool = False, **options: Any) -> Column[int]:
    """A point in time, in milliseconds since 1970 UTC."""
    return Column(name, BigInteger, nullable=nullable, **options)


def reference(name: str, target: str, *, primary_key: bool = False, nullable: bool = False) -> Column[int]:
    """A foreign key that goes with its target (``ON DELETE CASCADE``)."""
    return Column(name, Identity, ForeignKey(target, ondelete="CASCADE"), primary_key=primary_key, nullable=nullable)
