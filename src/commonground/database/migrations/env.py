"""Run by alembic: the revisions inside the transaction that the caller began."""

from typing import Any

from alembic import context

from commonground.database.schema import metadata

BY_HAND = ("repository_search", "ix_task_state_run_at")
"""Beginnings of names that revisions state in SQL: the full-text index, and an index alembic cannot compare."""


def is_compared(_object: Any, name: str | None, _kind: str, _reflected: bool, _twin: Any) -> bool:
    """Whether a difference is to be looked for."""
    return name is None or not name.startswith(BY_HAND)


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    include_object=is_compared,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
