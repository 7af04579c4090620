"""What a schedule is. Times are UTC milliseconds."""

from typing import Any, Literal

import msgspec

Concurrency = Literal["allow", "forbid", "replace"]


class ScheduleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A specification that is submitted again and again. ``cron`` is in UTC. ``concurrency`` says what happens at a time
    when the run before has not ended: another one beside it, none, or one instead of it. ``error`` is why the last time
    made no run.
    """

    id: int
    name: str
    owner: str
    cron: str
    concurrency: Concurrency = "allow"
    suspended: bool = False
    spec: dict[str, Any]
    labels: dict[str, str] = {}
    error: str | None = None
    last_run: int | None = None
    last_at: int | None = None
    next_at: int = 0
    created_at: int = 0


class Schedule(ScheduleFacts, frozen=True, kw_only=True):
    """A schedule as stored."""

    owner_id: int
    sealed: bytes | None = None


class ScheduleQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which schedules to list, newest first; ``before`` continues a list."""

    owner: str = ""
    before: int | None = None
    limit: int = 50
