"""The times of a schedule: five fields of cron in UTC, or a name like ``@daily``."""

from datetime import UTC, datetime, timedelta

from cronsim import CronSim, CronSimError

from commonground.errors import InvalidSchedule

NAMED = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}  # fmt: skip
LONGEST = 128
_START = datetime(1970, 1, 1, tzinfo=UTC)


def check_cron(cron: str) -> str:
    """The text as it is kept; :class:`InvalidSchedule` if it says no times."""
    found = " ".join(cron.split())
    if len(found) > LONGEST:
        raise InvalidSchedule(cron=f"{found[:40]}...", reason=f"it is longer than {LONGEST} characters")
    if found not in NAMED and len(found.split(" ")) != 5:
        raise InvalidSchedule(cron=found, reason="it has not five fields")
    next_time(found, 0)
    return found


def next_time(cron: str, after: int) -> int:
    """The first time behind ``after``; both in UTC milliseconds. :class:`InvalidSchedule`."""
    start = _START + timedelta(milliseconds=after)
    try:
        found = next(CronSim(NAMED.get(cron, cron), start))
    except CronSimError as error:
        raise InvalidSchedule(cron=cron, reason=str(error).lower()) from None
    except StopIteration:
        raise InvalidSchedule(cron=cron, reason="there is no such day in 50 years") from None
    return (found - _START) // timedelta(milliseconds=1)
