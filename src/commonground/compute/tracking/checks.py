"""What may be recorded: bounds on names and texts, so that no run is a burden to others."""

from collections.abc import Mapping

from commonground.compute.tracking.model import Report
from commonground.errors import InvalidRecord

KEY_LIMIT = 250
METRIC_KEY_LIMIT = 128
VALUE_LIMIT = 64 * 2**10
"""Characters of a tag or a parameter."""
NAME_LIMIT = 500
LARGEST = 2**62


def check_report(report: Report) -> None:
    """:class:`InvalidRecord` for a key that is empty or too long, or a text that is too long."""
    for point in (*report.metrics, *report.repeated):
        check_key(point.key, METRIC_KEY_LIMIT)
        check_number(point.step)
        check_number(point.time)
    check_pairs(report.params)
    check_pairs(report.tags)


def check_pairs(pairs: Mapping[str, str]) -> None:
    """The same for tags or parameters alone."""
    for key, value in pairs.items():
        check_key(key)
        if len(value) > VALUE_LIMIT:
            raise InvalidRecord(reason=f"the value of {key} is longer than {VALUE_LIMIT} characters")


def check_key(key: str, limit: int = KEY_LIMIT) -> None:
    """:class:`InvalidRecord` for a key that is empty or too long."""
    if not key or len(key) > limit:
        raise InvalidRecord(reason=f"a key has 1 to {limit} characters, and not {len(key)}")


def check_name(name: str) -> str:
    """The name of an experiment or a model, if it is one; :class:`InvalidRecord`."""
    if not name.strip() or len(name) > NAME_LIMIT:
        raise InvalidRecord(reason=f"a name has 1 to {NAME_LIMIT} characters")
    return name


def check_number(value: int) -> int:
    """A step or a time, if it is not absurd; :class:`InvalidRecord`."""
    if not -LARGEST <= value <= LARGEST:
        raise InvalidRecord(reason=f"{value} is too large for a step or a time")
    return value
