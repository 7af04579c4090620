"""Durations and sizes as people write them."""

import re

from commonground.errors import InvalidSpec

_PARTS = re.compile(r"\s*(\d{1,15}(?:\.\d{1,6})?)\s*([A-Za-z]*)\s*\Z")
_SECONDS = {"": 1.0, "s": 1.0, "ms": 0.001, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_BYTES = {"": 1, "b": 1} | {
    unit: 1000**power for power, units in enumerate((("kb",), ("mb",), ("gb",), ("tb",)), 1) for unit in units
} | {unit: 1024**power for power, unit in enumerate(("kib", "mib", "gib", "tib"), 1)}  # fmt: skip
MOST_SECONDS = 366 * 86_400.0
MOST_BYTES = 2**60


def seconds_of(value: object, where: str) -> float:
    """``90``, ``"500ms"``, ``"10s"``, ``"2h"`` in seconds; :class:`InvalidSpec` names ``where``."""
    return _number(value, _SECONDS, MOST_SECONDS, f"{where} is no duration; write 90, 500ms, 10s, 5m, 2h or 1d")


def bytes_of(value: object, where: str) -> int:
    """``4096``, ``"2GB"``, ``"512MiB"`` in bytes; :class:`InvalidSpec` names ``where``."""
    return int(_number(value, _BYTES, MOST_BYTES, f"{where} is no size; write 512MB, 2GB or 1GiB"))


def _number(value: object, units: dict[str, float] | dict[str, int], most: float, reason: str) -> float:
    found = _PARTS.match(str(value)) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    if found is None or found[2].lower() not in units:
        raise InvalidSpec(reason=reason)
    number = float(found[1]) * units[found[2].lower()]
    if number > most:
        raise InvalidSpec(reason=f"{reason}; it is too large")
    return number
