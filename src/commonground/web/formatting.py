"""How numbers, sizes and times are shown."""

from datetime import UTC, datetime, timedelta

from babel.dates import format_datetime, format_timedelta

_LARGE = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST, _LATEST = -62_135_596_800_000, 253_402_214_400_000  # the years 1 and 9999
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
