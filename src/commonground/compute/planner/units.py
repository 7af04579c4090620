"""Quantities as people write them: ``250us``, ``2h``, ``1GB``, ``10Gbit``."""

import re

_QUANTITY = re.compile(r"\s*([0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?)\s*([A-Za-z/]{0,8})\s*\Z")

LARGEST = 1e18

TIME = {"": 1.0, "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_PREFIXES = {"": 1.0, "K": 1e3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_BINARY = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
SIZE = {"": 1.0} | {f"{prefix}B": factor for prefix, factor in (_PREFIXES | _BINARY).items()}
BANDWIDTH = {f"{unit}/s" if unit else "": factor for unit, factor in SIZE.items()} | {
    f"{prefix}bit{end}": factor / 8 for prefix, factor in _PREFIXES.items() for end in ("", "/s")
}
NUMBER = {"": 1.0, "K": 1e3, "k": 1e3, "M": 1e6, "G": 1e9, "B": 1e9, "T": 1e12}


def quantity(value: object, units: dict[str, float]) -> float:
    """``value`` in base units. Raises :class:`ValueError` that says which units there are."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _bounded(float(value), value)
    found = _QUANTITY.match(value) if isinstance(value, str) else None
    if found is None or found[2] not in units:
        known = ", ".join(unit for unit in units if unit)
        raise ValueError(f"{str(value)[:40]} is not a number with one of the units {known}")
    return _bounded(float(found[1]) * units[found[2]], value)


def _bounded(number: float, value: object) -> float:
    """Larger numbers would overflow where they are multiplied."""
    if not abs(number) <= LARGEST:
        raise ValueError(f"{str(value)[:40]} is beyond {LARGEST:g}")
    return number
