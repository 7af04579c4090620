"""``INSERT ... ON CONFLICT``, prebuilt for both databases."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Column, ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Row: TypeAlias = Mapping[str, Any]
Changes: TypeAlias = Callable[[Any], Mapping[str, ColumnElement[Any]]]


class ConflictInsert:
    """An insert that knows what to do with a row that is there already. Build it once, at module level."""

    def __init__(
        self,
        table: Table,
        keys: Sequence[str] = (),
        changes: Changes | None = None,
        returning: Iterable[Column[Any]] = (),
    ) -> None:
        self._statements = {
            name: _build(insert(table), keys, changes, tuple(returning))
            for name, insert in {"sqlite": sqlite.insert, "postgresql": postgresql.insert}.items()
        }

    def __call__(self, connection: Connection, rows: Row | Sequence[Row]) -> int:
        """Insert one row or several; the number of rows that were inserted or changed."""
        if not rows:
            return 0
        return connection.execute(self._statements[connection.dialect.name], rows).rowcount

    def one(self, connection: Connection, row: Row) -> Any:
        """Insert one row; the first column of ``returning``, or ``None`` where the row was ignored."""
        return connection.execute(self._statements[connection.dialect.name], row).scalar()


def insert_or_ignore(table: Table, *returning: Column[Any]) -> ConflictInsert:
    """Insert what is new; rows that break a unique constraint are left out."""
    return ConflictInsert(table, returning=returning)


def upsert(table: Table, keys: Sequence[str], changes: Changes | Sequence[str]) -> ConflictInsert:
    """Insert, or change the row with the same ``keys``.

    ``changes`` names the columns taken over from the new row, or is a function from the new row (``excluded``) to
    the new values: ``lambda new: {"count": table.c.count + new.count}``.
    """
    if callable(changes):
        return ConflictInsert(table, keys, changes)
    return ConflictInsert(table, keys, lambda new: {name: new[name] for name in changes})


def _build(insert: Any, keys: Sequence[str], changes: Changes | None, returning: tuple[Column[Any], ...]) -> Any:
    if changes is None:
        insert = insert.on_conflict_do_nothing()
    else:
        insert = insert.on_conflict_do_update(index_elements=list(keys), set_=changes(insert.excluded))
    return (insert.returning(*returning) if returning else insert).execution_options(preserve_rowcount=True)
