"""SQL of named texts: tags and parameters, whatever they are of."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Column, Connection, Table, delete, select

from commonground.database.conflict import insert_or_ignore, upsert
from commonground.database.schema import experiments as schema

_TABLES = (
    schema.experiment_tag,
    schema.run_tag,
    schema.run_param,
    schema.logged_model_tag,
    schema.logged_model_param,
)
_upserts = {
    table.name: upsert(table, [column.name for column in table.primary_key.columns], ["value"]) for table in _TABLES
}
_inserts = {table.name: insert_or_ignore(table) for table in _TABLES}


def subject_of(table: Table) -> Column[int]:
    """The column that says whose pairs these are."""
    return next(iter(table.primary_key.columns))


def of(connection: Connection, table: Table, subjects: Sequence[int]) -> dict[int, dict[str, str]]:
    """All pairs of some subjects, by subject; sorted by key."""
    column = subject_of(table)
    statement = select(column, table.c.key, table.c.value).where(column.in_(subjects)).order_by(table.c.key)
    found: dict[int, dict[str, str]] = {subject: {} for subject in subjects}
    for subject, key, value in connection.execute(statement):
        found[subject][key] = value
    return found


def put(connection: Connection, table: Table, subject: int, pairs: Mapping[str, str]) -> None:
    """Set pairs, in place of those with the same keys."""
    _upserts[table.name](connection, _rows(table, subject, pairs))


def add(connection: Connection, table: Table, subject: int, pairs: Mapping[str, str]) -> None:
    """Add pairs; those whose keys are there stay as they are."""
    _inserts[table.name](connection, _rows(table, subject, pairs))


def remove(connection: Connection, table: Table, subject: int, key: str) -> bool:
    """Remove a pair; whether it was there."""
    statement = delete(table).where(subject_of(table) == subject, table.c.key == key)
    return connection.execute(statement).rowcount > 0


def _rows(table: Table, subject: int, pairs: Mapping[str, str]) -> list[dict[str, int | str]]:
    name = subject_of(table).name
    return [{name: subject, "key": key, "value": value} for key, value in pairs.items()]
