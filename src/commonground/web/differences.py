"""The difference of two texts, in hunks, with a bound on the work."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal

import msgspec

CONTEXT = 3
LARGEST_PRODUCT = 1_000_000
"""Texts whose changed parts have more lines than this, multiplied, are shown as replaced: comparing takes square time."""


class Line(msgspec.Struct, frozen=True):
    """One line: its number before and after (``None`` on the side that lacks it), and its text."""

    mark: Literal[" ", "+", "-"]
    before: int | None
    after: int | None
    text: str


def hunks(before: str, after: str) -> list[list[Line]]:
    """Changed lines with three lines around them, neighbours together."""
    old, new = before.splitlines(), after.splitlines()
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    changes = _opcodes(old[head : len(old) - tail], new[head : len(new) - tail], head)
    return [list(_lines(old, new, group)) for group in _grouped(changes)]


Change = tuple[int, int, int, int]  # lines before: start, end; lines after: start, end


def _common(old: list[str], new: list[str]) -> int:
    return next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _opcodes(old: list[str], new: list[str], shift: int) -> list[Change]:
    if not old and not new:
        return []
    if len(old) * len(new) > LARGEST_PRODUCT:
        return [(shift, shift + len(old), shift, shift + len(new))]
    codes = SequenceMatcher(None, old, new).get_opcodes()
    return [(a + shift, b + shift, c + shift, d + shift) for kind, a, b, c, d in codes if kind != "equal"]


def _grouped(changes: list[Change]) -> list[list[Change]]:
    groups: list[list[Change]] = []
    for change in changes:
        if groups and change[0] - groups[-1][-1][1] <= 2 * CONTEXT:
            groups[-1].append(change)
        else:
            groups.append([change])
    return groups


def _lines(old: list[str], new: list[str], group: list[Change]) -> Iterator[Line]:
    before = max(0, group[0][0] - CONTEXT)
    after = group[0][2] - (group[0][0] - before)
    for start, end, new_start, new_end in group:
        yield from _same(old, before, after, start)
        yield from (Line("-", at + 1, None, old[at]) for at in range(start, end))
        yield from (Line("+", None, at + 1, new[at]) for at in range(new_start, new_end))
        before, after = end, new_end
    yield from _same(old, before, after, min(len(old), before + CONTEXT))


def _same(old: list[str], before: int, after: int, end: int) -> Iterator[Line]:
    return (Line(" ", at + 1, after + at - before + 1, old[at]) for at in range(before, end))
