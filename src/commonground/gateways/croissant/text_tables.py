"""The columns of CSV, TSV and JSON Lines files, from their beginning: as pandas, which loaders use, will take them."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from commonground.gateways.croissant.columns import COLUMNS, Column, DataType

HEAD = 2**18
"""Bytes of a file that its columns are derived from."""
ROWS = 2_000

_MISSING = frozenset({"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>",
                      "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"})  # fmt: skip
_INTEGER = re.compile(r"\s*[+-]?\d{1,18}\s*\Z")
_FLOAT = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*\Z|\s*[+-]?inf(?:inity)?\s*\Z", re.IGNORECASE)
_TRUTH = frozenset({"True", "False", "TRUE", "FALSE", "true", "false"})
_DATE_NAME = re.compile(r"(?:modified|date|timestamp.*|.*_at|.*_time)\Z", re.IGNORECASE | re.DOTALL)
_DATE = re.compile(
    r"\d{4}(?:-\d{2}(?:-\d{2}(?:[T ][\d:.]{4,15}(?:Z|[+-]\d{2}:?\d{2})?)?)?)?\Z|\d{1,2}-[A-Za-z]{3}-\d{4}\Z"
)
_FIRST_SECOND = 31_536_000  # pandas takes smaller numbers in such columns for numbers


def delimited(head: bytes, delimiter: str, *, whole: bool) -> tuple[Column, ...]:
    """The columns of a table with a line of names at its top. ``whole`` says that ``head`` is the whole file."""
    rows = _rows(head, delimiter)
    if not whole and len(rows) > 1:
        rows.pop()  # the last one may be cut
    if not rows:
        return ()
    names = [name or f"Unnamed: {i}" for i, name in enumerate(rows[0])][:COLUMNS]
    found: dict[str, Column] = {}
    for i, name in enumerate(names):
        values = [row[i] for row in rows[1:] if i < len(row)]
        found.setdefault(name, Column(name=name, type=_type_of_texts(values)))
    return tuple(found.values())


def _rows(head: bytes, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(head.decode("utf-8-sig", "replace"), newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) > ROWS:
                break
    except csv.Error:  # a field beyond the bound of the reader, a NUL: what came before counts
        pass
    return rows


def _type_of_texts(values: Iterable[str]) -> DataType:
    present = [value for value in values if value not in _MISSING]
    if not present:
        return "sc:Text"
    if all(value in _TRUTH for value in present):
        return "sc:Boolean"
    if all(map(_INTEGER.match, present)):
        return "sc:Integer"
    return "sc:Float" if all(_FLOAT.match(value) for value in present) else "sc:Text"


def json_lines(head: bytes, *, whole: bool) -> tuple[Column, ...]:
    """The columns of a file with a JSON object in every line."""
    lines = head.split(b"\n")
    if not whole and len(lines) > 1:
        lines.pop()
    values: dict[str, list[Any]] = {}
    for line in lines[:ROWS]:
        for name, value in _object(line).items():
            if name in values or len(values) < COLUMNS:
                values.setdefault(name, []).append(value)
    found = (_column(name, [value for value in given if value is not None]) for name, given in values.items())
    return tuple(column for column in found if column is not None)


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(line) if line.strip() else {}
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return {}
    return value if isinstance(value, dict) else {}


def _column(name: str, values: Sequence[Any], *, deep: bool = True) -> Column | None:
    """The column of some values; ``None`` where they do not fit into one."""
    if deep and values and all(isinstance(value, list) for value in values):
        items = [item for value in values for item in value if item is not None]
        inner = None if any(isinstance(item, list) for item in items) else _column(name, items)
        return None if inner is None else msgspec.structs.replace(inner, repeated=True)
    if deep and values and all(isinstance(value, dict) for value in values):
        return _structure(name, values)
    if any(isinstance(value, list | dict) for value in values):
        return None
    return Column(name=name, type=_type_of_scalars(name, values))


def _structure(name: str, values: Sequence[dict[str, Any]]) -> Column | None:
    members: dict[str, list[Any]] = {}
    for value in values:
        for key, inner in value.items():
            members.setdefault(key, []).extend([] if inner is None else [inner])
    found = (_column(key, given, deep=False) for key, given in list(members.items())[:COLUMNS])
    children = tuple(column for column in found if column is not None)
    return Column(name=name, children=children) if children else None


def _type_of_scalars(name: str, values: Sequence[Any]) -> DataType:
    if not values:
        return "sc:Text"
    if _DATE_NAME.match(name) and all(map(_is_date, values)):
        return "sc:DateTime"
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return "sc:Boolean"
    if kinds == {int}:
        return "sc:Integer"
    return "sc:Float" if kinds <= {int, float} else "sc:Text"


def _is_date(value: Any) -> bool:
    if isinstance(value, str):
        return _DATE.match(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool) and value > _FIRST_SECOND
