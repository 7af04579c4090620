"""Schedules, as methods of the hub."""

from collections.abc import Iterator, Mapping
from typing import Any

from commonground.gateways.native import wire, wire_runs
from commonground.gateways.native import wire_schedules as schedules_wire
from commonground.sdk.transport import Transport

SCHEDULES = f"{wire.API}/schedules"
Schedule = schedules_wire.ScheduleFacts


class ScheduleMethods:
    """Submitting specifications again and again. Times are cron expressions in UTC."""

    _transport: Transport

    def create_schedule(
        self,
        cron: str,
        spec: Mapping[str, Any],
        *,
        concurrency: schedules_wire.Concurrency = "allow",
        suspended: bool = False,
        labels: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> Schedule:
        """Submit ``spec`` at the times of ``cron``; inputs are pinned each time, to what they are then."""
        asked = schedules_wire.CreateSchedule(
            cron=cron, spec=dict(spec), concurrency=concurrency, suspended=suspended,
            labels=dict(labels or {}), secrets=dict(secrets or {}),
        )  # fmt: skip
        return self._transport.call(Schedule, "POST", SCHEDULES, body=asked)

    def list_schedules(self) -> Iterator[Schedule]:
        """The caller's schedules, newest first; an administrator's list has everybody's."""
        return self._transport.pages(Schedule, SCHEDULES, schedules_wire.ScheduleQuery())

    def get_schedule(self, schedule: int) -> Schedule:
        """A schedule: when it makes its next run, and what came of the last."""
        return self._transport.call(Schedule, "GET", f"{SCHEDULES}/{schedule:d}")

    def suspend_schedule(self, schedule: int) -> Schedule:
        """Make no runs until it is resumed."""
        return self._transport.call(Schedule, "POST", f"{SCHEDULES}/{schedule:d}/suspend")

    def resume_schedule(self, schedule: int) -> Schedule:
        """Make runs again, from the next time on."""
        return self._transport.call(Schedule, "POST", f"{SCHEDULES}/{schedule:d}/resume")

    def run_schedule(self, schedule: int) -> wire_runs.Run:
        """One run now, beside the times."""
        return self._transport.call(wire_runs.Run, "POST", f"{SCHEDULES}/{schedule:d}/run")

    def delete_schedule(self, schedule: int) -> None:
        """End a schedule; its runs stay."""
        self._transport.send("DELETE", f"{SCHEDULES}/{schedule:d}")
