"""SQL of the queue of runs: every function is one step of a run's life, inside the caller's transaction."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, select, update

from commonground.compute.kinds import SEARCH
from commonground.compute.runs.admission import Occupied, Waiting, choose
from commonground.compute.runs.model import Capacity, Offer, Outcome, State
from commonground.database.schema.runs import run as table
from commonground.database.schema.runs import run_output
from commonground.database.signals import signal
from commonground.errors import RunLost

SIGNAL = "run"
DEPTH = 500
"""How many runs of the queue a worker looks at."""
RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 60.0
_LOCK_NUMBER = 0x72756E  # of admission: two workers never both count on the same order of the queue

_LOCK = select(func.pg_advisory_xact_lock(_LOCK_NUMBER))
_held = (table.c.id == bindparam("run_id"), table.c.fence == bindparam("lease"), table.c.state == "running")
_expired = (table.c.state == "running", table.c.lease_until <= bindparam("now"))
_due = (table.c.state == "queued", table.c.run_at <= bindparam("now"))
_use = (
    select(table.c.share, func.sum(table.c.cpus).label("used"))
    .where(table.c.state == "running")
    .group_by(table.c.share)
    .subquery()
)
_READY = select(table.c.id).where(*_due).limit(1)
_READY_EXPIRED = select(table.c.id).where(*_expired).limit(1)
_EXPIRED = select(table.c.id, table.c.fence, table.c.attempt, table.c.last_attempt).where(*_expired).with_for_update()
_QUEUE = (
    select(table)
    .outerjoin(_use, _use.c.share == table.c.share)
    .where(*_due)
    .order_by(table.c.priority.desc(), func.coalesce(_use.c.used, 0), table.c.id)
    .limit(DEPTH)
)
_RUNNING_HERE = select(table).where(table.c.state == "running", table.c.worker == bindparam("holder"))
_CLAIM = (
    update(table)
    .where(table.c.id == bindparam("run_id"), table.c.state == "queued")
    .values(
        state="running",
        fence=table.c.fence + 1,
        attempt=table.c.attempt + 1,
        worker=bindparam("holder"),
        lease_until=bindparam("until"),
        started_at=bindparam("moment"),
        exit_code=None,
        environment=None,
    )
    .returning(table.c.fence)
)
_HOLD = select(table.c.id).where(*_held)
_HOLD_LOCKED = _HOLD.with_for_update()
_EXTEND = update(table).where(*_held).values(lease_until=bindparam("until"))
_DESCRIBE = update(table).where(*_held).values(environment=bindparam("described"))
_spent = {
    "cpu_seconds": table.c.cpu_seconds + bindparam("cpu"),
    "bytes_read": table.c.bytes_read + bindparam("read"),
    "bytes_written": table.c.bytes_written + bindparam("written"),
    "exit_code": bindparam("code"),
    "error": bindparam("reason"),
    "lease_until": None,
}
_END = update(table).where(*_held).values(state=bindparam("outcome"), finished_at=bindparam("moment"), **_spent)
_RETRY = update(table).where(*_held).values(state="queued", run_at=bindparam("moment"), **_spent)
_RELEASE = (
    update(table)
    .where(*_held)
    .values(state="queued", lease_until=None, attempt=table.c.attempt - 1, run_at=bindparam("moment"))
)
_CANCEL = (
    update(table)
    .where(table.c.id == bindparam("run_id"), table.c.state.in_(["queued", "running"]))
    .values(state="cancelled", lease_until=None, finished_at=bindparam("moment"))
)
_CANCEL_TRIALS = (
    update(table)
    .where(table.c.parent_id == bindparam("parent"), table.c.state.in_(["queued", "running"]))
    .values(state="cancelled", lease_until=None, finished_at=bindparam("moment"))
)
_RESUME = (
    update(table)
    .where(table.c.id == bindparam("run_id"), table.c.state.in_(["failed", "cancelled"]))
    .values(
        state="queued",
        last_attempt=table.c.attempt + 1 + bindparam("more"),
        run_at=bindparam("moment"),
        finished_at=None,
        error=None,
        exit_code=None,
    )
)
_UNPUBLISHED = select(run_output.c.name).where(run_output.c.run_id == bindparam("run"), run_output.c.commit.is_(None))
_OUTPUTS = select(run_output.c.name).where(run_output.c.run_id == bindparam("run"))
_PUBLISHED = (
    update(run_output)
    .where(run_output.c.run_id == bindparam("of_run"), run_output.c.name == bindparam("output"))
    .values(commit=bindparam("sha"))
)


class Lease(msgspec.Struct, frozen=True):
    """Which run was claimed, under which fence."""

    run_id: int
    fence: int


def ready(connection: Connection, now: int) -> bool:
    """Whether a run waits or was left behind; cheap, and no write."""
    return any(connection.execute(query, {"now": now}).first() for query in (_READY, _READY_EXPIRED))


def claim(connection: Connection, worker: str, offer: Offer, lease_seconds: float, now: int) -> Lease | None:
    """Lease a run that fits to ``worker``; ``None`` when there is none. Runs whose worker is gone return to the queue
    first, or fail when that was their last attempt.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK)
    _requeue_expired(connection, now)
    queue = [_waiting(row) for row in connection.execute(_QUEUE, {"now": now})]
    held = [_occupied(row) for row in connection.execute(_RUNNING_HERE, {"holder": worker[:128]})]
    chosen = choose(queue, offer, held, now)
    if chosen is None:
        return None
    values = {"run_id": chosen, "holder": worker[:128], "until": now + int(lease_seconds * 1000), "moment": now}
    fence = connection.execute(_CLAIM, values).scalar()
    signal(connection, SIGNAL)
    return None if fence is None else Lease(chosen, fence)  # cancelled a moment ago


def _requeue_expired(connection: Connection, now: int) -> None:
    for row in connection.execute(_EXPIRED, {"now": now}).all():
        reason = f"the worker of attempt {row.attempt} is gone"
        if is_published(connection, row.id):  # it died between publishing and saying so
            end(connection, Lease(row.id, row.fence), "succeeded", Outcome(exit_code=0), now)
            continue
        outcome = Outcome(error=reason)
        retry(connection, Lease(row.id, row.fence), outcome, now, left=row.attempt < row.last_attempt, delay=0)


def _needs(row: Any) -> Capacity:
    slots = 0 if row.kind == SEARCH else 1
    return Capacity(cpus=row.cpus, memory=row.memory, gpus=row.gpus, slots=slots)


def _waiting(row: Any) -> Waiting:
    return Waiting(id=row.id, engine=row.engine, needs=_needs(row), timeout=row.timeout)


def _occupied(row: Any) -> Occupied:
    return Occupied(needs=_needs(row), until=row.started_at + row.timeout)


def hold(connection: Connection, lease: Lease, *, lock: bool = True) -> None:
    """:class:`RunLost` unless the lease stands. With ``lock``, what the transaction does happens under it or not at all."""
    if connection.execute(_HOLD_LOCKED if lock else _HOLD, _of(lease)).first() is None:
        raise RunLost(run=lease.run_id)


def beat(connection: Connection, lease: Lease, lease_seconds: float, now: int) -> None:
    """Extend the lease; :class:`RunLost`."""
    _change(connection, _EXTEND, lease, until=now + int(lease_seconds * 1000))


def describe(connection: Connection, lease: Lease, environment: dict[str, Any]) -> None:
    """Record what the attempt runs in; :class:`RunLost`."""
    _change(connection, _DESCRIBE, lease, described=msgspec.json.encode(environment).decode())


def end(connection: Connection, lease: Lease, state: State, outcome: Outcome, now: int) -> None:
    """The run is over; :class:`RunLost`."""
    _change(connection, _END, lease, outcome=state, moment=now, **_spending(outcome))


def retry(
    connection: Connection, lease: Lease, outcome: Outcome, now: int, *, left: bool, delay: float | None = None
) -> State:
    """An attempt failed: back to the queue after a delay if attempts are ``left``, else the run failed."""
    if not left or outcome.final:
        end(connection, lease, "failed", outcome, now)
        return "failed"
    pause = RETRY_SECONDS if delay is None else delay
    _change(connection, _RETRY, lease, moment=now + int(pause * 1000), **_spending(outcome))
    return "queued"


def release(connection: Connection, lease: Lease, now: int) -> None:
    """Back to the queue as if it had not been tried, for a worker that stops; :class:`RunLost`."""
    if is_published(connection, lease.run_id):
        end(connection, lease, "succeeded", Outcome(exit_code=0), now)
    else:
        _change(connection, _RELEASE, lease, moment=now)


def cancel(connection: Connection, run_id: int, now: int) -> bool:
    """End a run that waits or runs, and its trials; their workers hear of it. ``False`` when it had ended."""
    signal(connection, SIGNAL)
    if connection.execute(_CANCEL, {"run_id": run_id, "moment": now}).rowcount == 0:
        return False
    cancel_trials(connection, run_id, now)
    return True


def cancel_trials(connection: Connection, parent: int, now: int) -> None:
    """End the trials of a run that wait or run."""
    signal(connection, SIGNAL)
    connection.execute(_CANCEL_TRIALS, {"parent": parent, "moment": now})


def resume(connection: Connection, run_id: int, restarts: int, now: int) -> bool:
    """Queue a failed or cancelled run once more; ``False`` for any other."""
    signal(connection, SIGNAL)
    return connection.execute(_RESUME, {"run_id": run_id, "more": restarts, "moment": now}).rowcount > 0


def published(connection: Connection, lease: Lease, commits: Mapping[str, bytes]) -> None:
    """Record the commits that outputs became; :class:`RunLost`."""
    hold(connection, lease)
    for output, commit in commits.items():
        connection.execute(_PUBLISHED, {"of_run": lease.run_id, "output": output, "sha": commit})


def is_published(connection: Connection, run_id: int) -> bool:
    """Whether the run has outputs and all of them became commits, which happens at once."""
    if connection.execute(_OUTPUTS, {"run": run_id}).first() is None:
        return False
    return connection.execute(_UNPUBLISHED, {"run": run_id}).first() is None


def backoff(attempt: int) -> float:
    """Seconds to wait after this many attempts: doubling, bounded."""
    return min(LONGEST_RETRY_SECONDS, RETRY_SECONDS * 2.0 ** min(attempt - 1, 10))


def _of(lease: Lease) -> dict[str, Any]:
    return {"run_id": lease.run_id, "lease": lease.fence}


def _spending(outcome: Outcome) -> dict[str, Any]:
    return {
        "cpu": outcome.cpu_seconds,
        "read": outcome.bytes_read,
        "written": outcome.bytes_written,
        "code": outcome.exit_code,
        "reason": outcome.error,
    }


def _change(connection: Connection, statement: Any, lease: Lease, **values: Any) -> None:
    if connection.execute(statement, {**_of(lease), **values}).rowcount == 0:
        raise RunLost(run=lease.run_id)
    signal(connection, SIGNAL)
