"""The types of schedules in /api/cg/v1. Times are UTC milliseconds."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from commonground.compute.runs import model
from commonground.compute.runs.schedules_model import Concurrency, Schedule, ScheduleFacts
from commonground.gateways.native.wire import MOST

__all__ = ["Concurrency", "CreateSchedule", "ScheduleFacts", "ScheduleQuery"]


class CreateSchedule(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be submitted, and when: five fields of cron in UTC, or ``@hourly``, ``@daily``, ``@weekly``,
    ``@monthly``, ``@yearly``. ``secrets`` are kept encrypted, for what the environment of the specification names.
    """

    cron: str
    spec: dict[str, Any]
    concurrency: Concurrency = "allow"
    suspended: bool = False
    labels: model.Labels = msgspec.field(default_factory=dict)
    secrets: model.Secrets = msgspec.field(default_factory=dict)


class ScheduleQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which schedules to list, newest first."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="Items of a page.")] = 50
    cursor: Annotated[int, Meta(ge=0, le=MOST, description="`next` of the page before.")] | None = None


def shown(found: Schedule) -> ScheduleFacts:
    """A schedule the way the API shows it."""
    return ScheduleFacts(**{name: getattr(found, name) for name in ScheduleFacts.__struct_fields__})
