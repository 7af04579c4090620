"""Patterns of ``.gitignore`` and ``.gitattributes`` files, matched in time that hostile patterns cannot blow up."""

import fnmatch
import re
from collections.abc import Sequence

PATTERNS_LIMIT = 500
LENGTH_LIMIT = 1_024

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Pattern:
    """One pattern. A slash in it, except at its end, ties it to the root; ``**`` stands for any number of folders."""

    def __init__(self, text: str) -> None:
        self.folders_only = text.endswith("/")
        text = text.removesuffix("/")
        tied = "/" in text
        parts = text.removeprefix("/").split("/")
        self._parts = [_compile(part) for part in (parts if tied else ["**", *parts])]

    def matches(self, segments: Sequence[str]) -> bool:
        """Whether a path, split at its slashes, fits as a whole."""
        places = {0}  # parts of the pattern that the next segment may meet
        for segment in segments:
            places = self._step(self._open(places), segment)
        return len(self._parts) in places

    def _open(self, places: set[int]) -> set[int]:
        """Also what follows a ``**``, which may stand for nothing; but not at the end of the pattern."""
        opened = set(places)
        for place in sorted(places):
            while place < len(self._parts) - 1 and self._parts[place] is None:
                place += 1
                opened.add(place)
        return opened

    def _step(self, places: set[int], segment: str) -> set[int]:
        after = set()
        for place in places - {len(self._parts)}:
            part = self._parts[place]
            if part is None:
                after |= {place, place + 1} if place == len(self._parts) - 1 else {place}
            elif part.fullmatch(segment):
                after.add(place + 1)
        return after


def _compile(part: str) -> re.Pattern[str] | None:
    """``None`` for ``**``. The regular expressions of :mod:`fnmatch` use atomic groups: they do not backtrack."""
    if part == "**":
        return None
    literal = _ESCAPED.sub(lambda match: f"[{match[1]}]" if match[1] in "*?[" else match[1], part)
    return re.compile(fnmatch.translate(literal.replace("[^", "[!")))


def read_lines(content: bytes) -> list[str]:
    """The lines of a file of patterns that say something, a bounded number of them."""
    lines = [line.strip() for line in content.decode("utf-8", "replace").splitlines()]
    return [line for line in lines if line and not line.startswith("#") and len(line) <= LENGTH_LIMIT][:PATTERNS_LIMIT]
