"""The event outbox: what happened, written in the transaction in which it happened, read in order by position.

A position is an event's id. A reader that remembers the last one misses nothing only if ids become visible in the order
they were given. SQLite has one writer at a time, so they do; on PostgreSQL a transaction that appends holds a lock from
its first event to its commit. So events are appended last, after the statements that may wait for others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, bindparam, case, delete, func, insert, select

from commonground.database.clock import now_ms
from commonground.database.conflict import upsert
from commonground.database.schema.operation import event as table
from commonground.database.schema.operation import event_cursor
from commonground.database.signals import signal
from commonground.database.unit_of_work import Database
from commonground.telemetry import logger

SIGNAL = "event"
BATCH = 100
_LOCK_NUMBER = 0x636F6D6D6F6E  # any number no other lock uses


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened. ``position`` grows; ``kind`` is like ``"repository.created"``; ``subject`` names what it
    happened to; ``account_id`` who did it; ``created_at`` is in UTC milliseconds.
    """

    position: int
    kind: str
    subject: str
    account_id: int | None
    payload: Any
    created_at: int


_LOCK = select(func.pg_advisory_xact_lock(_LOCK_NUMBER))
_APPEND = insert(table)
_AFTER = select(table).where(table.c.id > bindparam("position")).order_by(table.c.id).limit(bindparam("most"))
_AFTER_OF_KINDS = _AFTER.where(table.c.kind.in_(bindparam("kinds", expanding=True)))
_LAST = select(func.coalesce(func.max(table.c.id), 0))
_CURSOR = select(event_cursor.c.position).where(event_cursor.c.consumer == bindparam("consumer"))
_ADVANCE = upsert(
    event_cursor,
    ["consumer"],
    lambda new: {
        "position": case((event_cursor.c.position > new.position, event_cursor.c.position), else_=new.position)
    },
)
_PRUNE = delete(table).where(table.c.created_at < bindparam("before"))


def append(
    connection: Connection,
    kind: str,
    subject: str = "",
    account_id: int | None = None,
    payload: Mapping[str, Any] | msgspec.Struct | None = None,
) -> None:
    """Record an event in the current transaction; see above why this comes last in it."""
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK)
    values = {
        "kind": kind,
        "subject": subject,
        "account_id": account_id,
        "payload": msgspec.json.encode({} if payload is None else payload).decode(),
        "created_at": now_ms(),
    }
    connection.execute(_APPEND, values)
    signal(connection, SIGNAL)


def read_after(connection: Connection, position: int, kinds: Sequence[str] = (), limit: int = BATCH) -> list[Event]:
    """The next ``limit`` events after ``position``, of some kinds or of all."""
    values: dict[str, Any] = {"position": position, "most": limit}
    statement = _AFTER
    if kinds:
        statement, values = _AFTER_OF_KINDS, {**values, "kinds": list(kinds)}
    return [_event(row) for row in connection.execute(statement, values).mappings()]


def last_position(connection: Connection) -> int:
    """The position of the newest event; 0 when there is none."""
    last: int = connection.execute(_LAST).scalar_one()
    return last


def read_next(connection: Connection, position: int, kinds: Sequence[str]) -> tuple[list[Event], int]:
    """The next batch after ``position``, and where the one after it starts: behind events of other kinds, too."""
    last = last_position(connection) if kinds else position
    events = read_after(connection, position, kinds)
    if len(events) == BATCH or not kinds:
        return events, events[-1].position if events else position
    return events, max(last, position)


def cursor(connection: Connection, consumer: str) -> int:
    """How far a consumer is; 0 for a new one."""
    found: int | None = connection.execute(_CURSOR, {"consumer": consumer}).scalar()
    return found or 0


def advance(connection: Connection, consumer: str, position: int) -> None:
    """A consumer has dealt with everything up to ``position``; it never goes back."""
    _ADVANCE(connection, {"consumer": consumer, "position": position})


def prune(connection: Connection, before: int) -> int:
    """Forget events older than a time in UTC milliseconds; how many."""
    return connection.execute(_PRUNE, {"before": before}).rowcount


class Consumer:
    """Hands every event of some kinds to ``handle``, in order, in batches, at least once.

    The cursor moves after ``handle`` returned; a batch that fails is handed over again. Two processes with the same
    consumer may both get a batch.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        handle: Callable[[list[Event]], Awaitable[None]],
        kinds: Sequence[str] = (),
        *,
        poll_seconds: float = 1.0,
    ) -> None:
        self._database = database
        self._name = name
        self._handle = handle
        self._kinds = kinds
        self._poll = poll_seconds
        self._passed = 0  # no event of these kinds lies before this position

    async def run(self) -> None:
        """Consume until cancelled."""
        with self._database.signals.listen(SIGNAL) as woken:
            while True:
                woken.clear()
                if not await self._try_step():
                    await _wait(woken, self._poll)

    async def step(self) -> int:
        """Hand over one batch; how many events were in it."""
        position = max(await self._database.lookup(cursor, self._name), self._passed)
        events, following = await self._database.lookup(read_next, position, self._kinds)
        if events:
            await self._handle(events)
            await self._database.write(advance, self._name, following)
        self._passed = following
        return len(events)

    async def _try_step(self) -> int:
        try:
            return await self.step()
        except Exception:  # noqa: BLE001 - process edge: the batch is handed over again
            logger().exception("events were not consumed", consumer=self._name)
        await asyncio.sleep(self._poll)
        return 0


async def _wait(woken: asyncio.Event, seconds: float) -> None:
    waiting = asyncio.ensure_future(woken.wait())
    await asyncio.wait([waiting], timeout=seconds)
    waiting.cancel()


def _event(row: RowMapping) -> Event:
    return Event(
        position=row["id"],
        kind=row["kind"],
        subject=row["subject"],
        account_id=row["account_id"],
        payload=msgspec.json.decode(row["payload"]),
        created_at=row["created_at"],
    )
