"""How numbers, sizes and times are shown."""

from datetime import UTC, datetime, timedelta

from babel.dates import format_datetime, format_timedelta
from babel.units import format_unit

_LARGE = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST, _LATEST = -62_135_596_800_000, 253_402_214_400_000  # the years 1 and 9999
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
_BYTES = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def compact(number: int) -> str:
    """``1234567`` as ``1.23M``: three significant digits."""
    for scale, letter in _LARGE:
        if number >= scale:
            return f"{_three_digits(number / scale)}{letter}"
    return str(number)


def file_size(size: int) -> str:
    """A number of bytes, in decimal units."""
    for scale, unit in _BYTES:
        if size >= scale:
            return f"{_three_digits(size / scale)} {unit}"
    return f"{size} B"


def ago(milliseconds: int, locale: str, now: datetime | None = None) -> str:
    """How long ago: ``3 days ago``, ``3天前``."""
    passed = (now or datetime.now(UTC)) - _moment(milliseconds)
    return format_timedelta(-max(passed, timedelta(seconds=1)), add_direction=True, locale=locale)


def full_time(milliseconds: int, locale: str) -> str:
    """Date and time in UTC, for people."""
    return format_datetime(_moment(milliseconds), "medium", tzinfo=UTC, locale=locale) + " UTC"


def iso_time(milliseconds: int) -> str:
    """Date and time in UTC, for machines."""
    return _moment(milliseconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(milliseconds: int) -> datetime:
    """The time; commits may claim any, so it is kept inside what a calendar can say."""
    return _EPOCH + timedelta(milliseconds=min(max(milliseconds, _EARLIEST), _LATEST))


def _three_digits(value: float) -> str:
    return f"{value:.3g}" if value < 999.5 else f"{value:.0f}"


def duration(milliseconds: float, locale: str) -> str:
    """How long: ``850 ms``, ``12.3 s``, ``2 h 5 min``; the two largest units of what takes a minute or more."""
    seconds = milliseconds / 1000
    if seconds < 1:
        return _unit(int(milliseconds), "millisecond", locale)
    if seconds < 60:
        return _unit(float(f"{seconds:.3g}"), "second", locale)
    parts: list[tuple[int, str]] = []
    left = round(seconds)
    for size, name in _UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append((count, name))
    return ("" if locale == "zh" else " ").join(_unit(count, name, locale) for count, name in parts[:2] if count)


def _unit(count: float, name: str, locale: str) -> str:
    return format_unit(count, f"duration-{name}", "narrow" if locale == "en" else "short", locale=locale)
