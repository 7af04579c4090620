"""SQL of schedules."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from commonground.compute.runs.queries import NO_ID
from commonground.compute.runs.schedules_model import Schedule, ScheduleQuery
from commonground.database.schema.accounts import account
from commonground.database.schema.runs import run
from commonground.database.schema.schedules import schedule as table

_PLAIN = [name for name in Schedule.__struct_fields__ if name not in {"spec", "labels", "last_run"}]
_ALL = select(table, account.c.name.label("owner")).join(account, account.c.id == table.c.owner_id)
_ADD = insert(table).returning(table.c.id)
_due = (table.c.suspended.is_(False), table.c.next_at <= bindparam("now"))
_DUE = _ALL.where(*_due).order_by(table.c.next_at).limit(bindparam("most"))
_IS_DUE = select(table.c.id).where(*_due).limit(1)
_TAKE = (
    update(table)
    .where(table.c.id == bindparam("of"), table.c.next_at == bindparam("seen"), table.c.suspended.is_(False))
    .values(next_at=bindparam("then"), last_at=bindparam("now"), error=bindparam("reason"))
)
_MADE = (
    update(table).where(table.c.id == bindparam("of")).values(last_run_id=bindparam("run"), last_at=bindparam("now"))
)
_ACTIVE = (
    select(run.c.id)
    .where(run.c.schedule_id == bindparam("of"), run.c.state.in_(["queued", "running"]))
    .order_by(run.c.id.desc())
)


def add(connection: Connection, values: dict[str, Any]) -> int:
    """Store a schedule; its id."""
    identity: int = connection.execute(_ADD, values).scalar_one()
    return identity


def find(connection: Connection, schedule_id: int) -> Schedule | None:
    """The schedule with this id."""
    row = connection.execute(_ALL.where(table.c.id == schedule_id)).mappings().first()
    return None if row is None else _schedule(row)


def newest(connection: Connection, owner_id: int | None, query: ScheduleQuery) -> list[Schedule]:
    """A page of schedules, newest first: of one account, or of all."""
    statement = _ALL.where(table.c.id < (NO_ID if query.before is None else query.before))
    if owner_id is not None:
        statement = statement.where(table.c.owner_id == owner_id)
    if query.owner:
        statement = statement.where(account.c.name == query.owner)
    return [
        _schedule(row)
        for row in connection.execute(statement.order_by(table.c.id.desc()).limit(query.limit)).mappings()
    ]


def change(connection: Connection, schedule_id: int, values: dict[str, Any]) -> None:
    """Give columns of a schedule other values."""
    connection.execute(update(table).where(table.c.id == schedule_id).values(values))


def remove(connection: Connection, schedule_id: int) -> None:
    """Delete a schedule; its runs stay."""
    connection.execute(delete(table).where(table.c.id == schedule_id))


def is_due(connection: Connection, now: int) -> bool:
    """Whether the time of a schedule has come; cheap, and no write."""
    return connection.execute(_IS_DUE, {"now": now}).first() is not None


def due(connection: Connection, now: int, limit: int) -> list[Schedule]:
    """Schedules whose time has come, the longest overdue first."""
    return [_schedule(row) for row in connection.execute(_DUE, {"now": now, "most": limit}).mappings()]


def take(connection: Connection, schedule: Schedule, then: int, now: int, reason: str | None = None) -> bool:
    """Move a schedule on to its next time; ``False`` if another process did so, or it was suspended or deleted."""
    values = {"of": schedule.id, "seen": schedule.next_at, "then": then, "now": now, "reason": reason}
    return connection.execute(_TAKE, values).rowcount > 0


def made(connection: Connection, schedule_id: int, run_id: int, now: int) -> None:
    """Remember the last run of a schedule."""
    connection.execute(_MADE, {"of": schedule_id, "run": run_id, "now": now})


def active(connection: Connection, schedule_id: int) -> Sequence[int]:
    """The runs of a schedule that have not ended, newest first."""
    return connection.execute(_ACTIVE, {"of": schedule_id}).scalars().all()


def _schedule(row: RowMapping) -> Schedule:
    return Schedule(
        spec=msgspec.json.decode(row["spec"]),
        labels=msgspec.json.decode(row["labels"]),
        last_run=row["last_run_id"],
        **{name: row[name] for name in _PLAIN},
    )
