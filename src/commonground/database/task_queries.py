"""SQL of the task queue: every function is one step of a task's life, inside the caller's transaction."""

import random
from collections.abc import Collection, Mapping
from typing import Any, Literal

import msgspec
from sqlalchemy import (
    BigInteger,
    Connection,
    RowMapping,
    String,
    Text,
    bindparam,
    case,
    delete,
    func,
    null,
    select,
    update,
)

from commonground.database.clock import now_ms
from commonground.database.conflict import insert_or_ignore
from commonground.database.schema.operation import task as table
from commonground.database.signals import signal
from commonground.errors import TaskLost

State = Literal["waiting", "running", "done", "failed", "cancelled"]

SIGNAL = "task"
NO_ID = 2**63 - 1  # above every id
BACKOFF_SECONDS = 2.0
LONGEST_BACKOFF_SECONDS = 3600.0


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A task as stored. Times are UTC milliseconds. ``fence`` names the lease it was read under."""

    id: int
    kind: str
    payload: Any
    state: State
    key: str | None = None
    priority: int = 0
    attempts: int = 0
    max_attempts: int = 5
    fence: int = 0
    worker: str | None = None
    progress: Any = None
    error: str | None = None
    run_at: int = 0
    lease_until: int | None = None
    created_at: int = 0
    finished_at: int | None = None


_held = (table.c.id == bindparam("task_id"), table.c.fence == bindparam("lease"), table.c.state == "running")
_kinds = table.c.kind.in_(bindparam("kinds", expanding=True))
_due = (table.c.state == "waiting", table.c.run_at <= bindparam("now"), _kinds)
_abandoned = (table.c.state == "running", table.c.lease_until <= bindparam("now"), _kinds)
_order = (table.c.priority.desc(), table.c.run_at, table.c.id)

_ADD = insert_or_ignore(table, table.c.id)
_JOIN = (  # the row lock keeps a waiting task from starting before the work that enqueued it is committed
    update(table)
    .where(table.c.key == bindparam("shared_key"))
    .values(again=table.c.state == "running")
    .returning(table.c.id)
)
_BY_ID = select(table).where(table.c.id == bindparam("id"))
_NEWEST = select(table).where(table.c.id < bindparam("before")).order_by(table.c.id.desc()).limit(bindparam("most"))
_NEWEST_IN_STATE = _NEWEST.where(table.c.state == bindparam("state"))
_NEXT_DUE = select(table.c.id).where(*_due).order_by(*_order).limit(1).with_for_update(skip_locked=True)
_NEXT_ABANDONED = (
    select(table.c.id, table.c.attempts, table.c.max_attempts)
    .where(*_abandoned)
    .order_by(table.c.lease_until)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_READY = select(table.c.id).where(*_due).limit(1)
_READY_ABANDONED = select(table.c.id).where(*_abandoned).limit(1)
_LEASE = (
    update(table)
    .where(table.c.id == bindparam("task_id"))
    .values(
        state="running",
        fence=table.c.fence + 1,
        attempts=table.c.attempts + 1,
        worker=bindparam("holder"),
        lease_until=bindparam("until"),
    )
    .returning(*table.c)
)
_HOLD = select(table.c.id).where(*_held).with_for_update()
_EXTEND = update(table).where(*_held).values(lease_until=bindparam("until"))
_REPORT = update(table).where(*_held).values(progress=bindparam("report"))
_moment = bindparam("moment", type_=BigInteger)
_ENDING = {  # a task that was enqueued once more while it ran starts afresh
    "state": case((table.c.again, "waiting"), else_=bindparam("outcome", type_=String)),
    "key": case((table.c.again, table.c.key), else_=null()),
    "attempts": case((table.c.again, 0), else_=table.c.attempts),
    "run_at": case((table.c.again, _moment), else_=table.c.run_at),
    "finished_at": case((table.c.again, null()), else_=_moment),
    "error": bindparam("reason", type_=Text),
    "lease_until": None,
    "again": False,
}
_FINISH = update(table).where(*_held).values(_ENDING)
_GIVE_UP = update(table).where(table.c.id == bindparam("task_id")).values(_ENDING)
_RETRY = (
    update(table)
    .where(*_held)
    .values(state="waiting", lease_until=None, error=bindparam("reason"), run_at=bindparam("moment"))
)
_RELEASE = (
    update(table)
    .where(*_held)
    .values(state="waiting", lease_until=None, run_at=bindparam("moment"), attempts=table.c.attempts - 1)
)
_CANCEL = (
    update(table)
    .where(table.c.id == bindparam("task_id"), table.c.state.in_(["waiting", "running"]))
    .values(state="cancelled", again=False, key=None, lease_until=None, finished_at=bindparam("moment"))
)
_WAITING = select(func.count()).select_from(table).where(table.c.state == "waiting")
_PRUNE = delete(table).where(table.c.finished_at < bindparam("before"))


def enqueue(
    connection: Connection,
    kind: str,
    payload: Any = None,
    *,
    key: str | None = None,
    priority: int = 0,
    run_at: int | None = None,
    max_attempts: int = 5,
) -> int:
    """Add a task; its id. ``payload`` is anything JSON can say; a higher ``priority`` runs earlier; ``run_at`` is in UTC
    milliseconds. While a task with the same ``key`` waits no second one is made: the id is that one's. If it runs, it
    will run once more afterwards.
    """
    now = now_ms()
    values = {
        "kind": kind,
        "payload": msgspec.json.encode(payload).decode(),
        "key": key,
        "priority": priority,
        "state": "waiting",
        "max_attempts": max_attempts,
        "run_at": now if run_at is None else run_at,
        "created_at": now,
    }
    signal(connection, SIGNAL)
    made: int | None = None
    while made is None:  # the task that has the key may end between the two statements
        made = _ADD.one(connection, values) or connection.execute(_JOIN, {"shared_key": key}).scalar()
    return made


def ready(connection: Connection, kinds: Collection[str], now: int) -> bool:
    """Whether :func:`claim` would find something; cheap, and no write."""
    values = {"kinds": list(kinds), "now": now}
    return any(connection.execute(query, values).first() for query in (_READY, _READY_ABANDONED))


def claim(connection: Connection, worker: str, kinds: Collection[str], lease_seconds: float, now: int) -> Task | None:
    """Lease the next task that is due, or one whose lease ended, to ``worker``; ``None`` when there is none.

    A task whose last attempt ended with its lease (it may have killed its worker) is failed, not tried again.
    """
    values = {"kinds": list(kinds), "now": now}
    found = _abandoned_task(connection, values) or connection.execute(_NEXT_DUE, values).scalar()
    if found is None:
        return None
    lease = {"task_id": found, "holder": worker[:128], "until": now + int(lease_seconds * 1000)}
    return _task(connection.execute(_LEASE, lease).mappings().one())


def _abandoned_task(connection: Connection, values: Mapping[str, Any]) -> int | None:
    while (row := connection.execute(_NEXT_ABANDONED, values).first()) is not None:
        if row.attempts < row.max_attempts:
            found: int = row.id
            return found
        reason = f"gave up: the lease of attempt {row.attempts} ended without a result"
        connection.execute(
            _GIVE_UP, {"task_id": row.id, "outcome": "failed", "reason": reason, "moment": values["now"]}
        )
    return None


def hold(connection: Connection, task: Task) -> None:
    """:class:`TaskLost` unless the lease still stands. In a handler's own transaction, this makes its effects happen
    under the lease or not at all.
    """
    if connection.execute(_HOLD, _lease(task)).first() is None:
        raise TaskLost(task=task.id)


def heartbeat(connection: Connection, task: Task, lease_seconds: float, now: int) -> None:
    """Extend the lease; :class:`TaskLost` when it ended or the task was cancelled."""
    _change(connection, _EXTEND, task, until=now + int(lease_seconds * 1000))


def report(connection: Connection, task: Task, progress: Any) -> None:
    """Record how far the task is, as anything JSON can say; :class:`TaskLost`."""
    _change(connection, _REPORT, task, report=msgspec.json.encode(progress).decode())


def complete(connection: Connection, task: Task, now: int) -> None:
    """The task is done; :class:`TaskLost`."""
    _change(connection, _FINISH, task, outcome="done", reason=None, moment=now)


def fail(connection: Connection, task: Task, error: str, now: int, *, final: bool = False) -> State:
    """An attempt failed: the task waits longer after each, and is ``failed`` after the last one or when ``final``."""
    if final or task.attempts >= task.max_attempts:
        _change(connection, _FINISH, task, outcome="failed", reason=error, moment=now)
        return "failed"
    _change(connection, _RETRY, task, reason=error, moment=now + int(backoff(task.attempts) * 1000))
    return "waiting"


def release(connection: Connection, task: Task, now: int) -> None:
    """Put a task back as if it had not been tried, for a worker that stops; :class:`TaskLost`."""
    _change(connection, _RELEASE, task, moment=now)


def cancel(connection: Connection, task_id: int, now: int) -> bool:
    """End a task that waits or runs; its worker hears of it at the next heartbeat. ``False`` when it had ended."""
    return connection.execute(_CANCEL, {"task_id": task_id, "moment": now}).rowcount > 0


def find(connection: Connection, task_id: int) -> Task | None:
    """The task with this id."""
    row = connection.execute(_BY_ID, {"id": task_id}).mappings().first()
    return None if row is None else _task(row)


def newest(
    connection: Connection, state: State | None = None, before: int | None = None, limit: int = 50
) -> list[Task]:
    """The last ``limit`` tasks, newest first, in a state or in any, older than the task ``before``."""
    statement = _NEWEST if state is None else _NEWEST_IN_STATE
    values = {"before": NO_ID if before is None else before, "state": state, "most": limit}
    return [_task(row) for row in connection.execute(statement, values).mappings()]


def waiting(connection: Connection) -> int:
    """How many tasks wait."""
    return connection.execute(_WAITING).scalar_one()


def prune(connection: Connection, before: int) -> int:
    """Forget tasks that ended before a time in UTC milliseconds; how many."""
    return connection.execute(_PRUNE, {"before": before}).rowcount


def backoff(attempts: int) -> float:
    """Seconds to wait after this many attempts: doubling, bounded, spread by a quarter."""
    spread = random.uniform(1.0, 1.25)  # noqa: S311 - spreads the load, no secret
    return min(LONGEST_BACKOFF_SECONDS, BACKOFF_SECONDS * 2.0 ** min(attempts - 1, 20)) * spread


def _lease(task: Task) -> dict[str, Any]:
    return {"task_id": task.id, "lease": task.fence}


def _change(connection: Connection, statement: Any, task: Task, **values: Any) -> None:
    if connection.execute(statement, {**_lease(task), **values}).rowcount == 0:
        raise TaskLost(task=task.id)


def _task(row: RowMapping) -> Task:
    values = {name: row[name] for name in Task.__struct_fields__}
    values["payload"] = msgspec.json.decode(row["payload"])
    values["progress"] = None if row["progress"] is None else msgspec.json.decode(row["progress"])
    return Task(**values)
