"""The ``Range`` header (RFC 9110, section 14)."""

import re

from commonground.errors import RangeNotSatisfiable

_RANGE = re.compile(r"\s*bytes\s*=\s*(.+)", re.IGNORECASE)
_PART = re.compile(r"\s*(\d{0,18})\s*-\s*(\d{0,18})\s*\Z")
MAX_RANGES = 512


def parse_ranges(header: str | None, size: int) -> list[tuple[int, int]] | None:
    """Half-open ``(start, end)`` byte ranges inside ``size``, or ``None`` where the header is absent or to be ignored.

    Ranges that together ask for more bytes than there are overlap, and are ignored: answering them would multiply the
    content. Raises :class:`RangeNotSatisfiable` when no range overlaps the content.
    """
    match = _RANGE.match(header or "")
    if match is None:
        return None
    parts = [_PART.match(part) for part in match[1].split(",")]
    if len(parts) > MAX_RANGES or not all(parts):
        return None
    found = []
    for part in parts:
        assert part is not None
        first, last = part[1], part[2]
        if not first and not last:
            return None
        start = int(first) if first else max(0, size - int(last))
        end = min(size, int(last) + 1) if first and last else size
        if first and last and int(last) < start:
            return None
        if start < end:
            found.append((start, end))
    if not found:
        raise RangeNotSatisfiable(size=size)
    return found if sum(end - start for start, end in found) <= size else None
