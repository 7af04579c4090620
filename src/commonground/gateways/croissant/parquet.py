"""The columns of a parquet file, from its footer (Apache Parquet format 2.x)."""

from collections.abc import Iterator
from typing import Any

import msgspec

from commonground.gateways.croissant.columns import COLUMNS, Column, DataType
from commonground.gateways.croissant.thrift import Malformed, Reader

MAGIC = b"PAR1"
TAIL = 8
"""Bytes at the end that say how long the footer before them is."""
SCHEMA_LIMIT = 2**18
"""Most bytes of a footer that are read: the schema is at its beginning."""
_SCHEMA = 2  # of FileMetaData; row groups come behind it
_TYPE, _REPETITION, _NAME, _CHILDREN, _CONVERTED, _LOGICAL = 1, 3, 4, 5, 6, 10
_REPEATED = 2
_PHYSICAL: dict[int, DataType] = {
    0: "sc:Boolean", 1: "sc:Integer", 2: "sc:Integer", 3: "sc:DateTime", 4: "sc:Float", 5: "sc:Float",
}  # fmt: skip
_CONVERTED_TYPES: dict[int, DataType] = {
    5: "sc:Float", 6: "sc:Date", 7: "sc:Time", 8: "sc:Time", 9: "sc:DateTime", 10: "sc:DateTime",
}  # fmt: skip
_LOGICAL_TYPES: dict[int, DataType] = {
    5: "sc:Float", 6: "sc:Date", 7: "sc:Time", 8: "sc:DateTime", 15: "sc:Float",
}  # fmt: skip
_LIST, _MAP, _MAP_KEY_VALUE = 3, 1, 2
_LOGICAL_MAP, _LOGICAL_LIST = 2, 3


class _Node(msgspec.Struct, frozen=True):
    """A schema element with those below it."""

    element: dict[int, Any]
    children: tuple["_Node", ...]


def footer_length(tail: bytes) -> int:
    """How long the footer is, from the last bytes of the file; :class:`Malformed` where this is no parquet file."""
    if len(tail) != TAIL or tail[4:] != MAGIC:
        raise Malformed("the file does not end as a parquet file does")
    return int.from_bytes(tail[:4], "little")


def columns(footer: bytes) -> tuple[Column, ...]:
    """The columns at the top of the schema, in order, from the beginning of a footer. Maps and deeper structures are left out."""
    elements = Reader(footer).struct(last=_SCHEMA).get(_SCHEMA)
    if not isinstance(elements, list) or not elements or not all(isinstance(item, dict) for item in elements):
        raise Malformed("the footer has no schema")
    root = _tree(iter(elements), 0)
    found = (_column(child, deep=True) for child in root.children[:COLUMNS])
    return tuple(column for column in found if column is not None)


def _tree(elements: Iterator[dict[int, Any]], depth: int) -> _Node:
    element = next(elements, None)
    if element is None or depth > 32:
        raise Malformed("the schema names more elements than it has")
    count = _number(element, _CHILDREN)
    return _Node(element, tuple(_tree(elements, depth + 1) for _ in range(count)))


def _column(node: _Node, *, deep: bool) -> Column | None:
    """The column of an element; ``None`` for what has no place in a table's row."""
    name = _name(node.element)
    repeated = _number(node.element, _REPETITION) == _REPEATED
    if not node.children:
        return Column(name=name, type=_leaf_type(node.element), repeated=repeated)
    if not deep or _is_map(node.element):
        return None
    item = _list_item(node)
    if item is not None:
        inner = _column(item, deep=bool(item.children))
        return None if inner is None or inner.repeated else msgspec.structs.replace(inner, name=name, repeated=True)
    members = [_column(child, deep=False) for child in node.children]
    children = tuple(member for member in members if member is not None and not member.repeated)
    return Column(name=name, repeated=repeated, children=children) if children else None


def _list_item(node: _Node) -> _Node | None:
    """The element of a list: two levels below it, or one in files of old writers."""
    logical = node.element.get(_LOGICAL)
    is_list = _number(node.element, _CONVERTED) == _LIST or (isinstance(logical, dict) and _LOGICAL_LIST in logical)
    if not is_list or len(node.children) != 1:
        return None
    [inner] = node.children
    return inner.children[0] if len(inner.children) == 1 else inner


def _is_map(element: dict[int, Any]) -> bool:
    logical = element.get(_LOGICAL)
    return _number(element, _CONVERTED) in {_MAP, _MAP_KEY_VALUE} or (
        isinstance(logical, dict) and _LOGICAL_MAP in logical
    )


def _leaf_type(element: dict[int, Any]) -> DataType:
    logical = element.get(_LOGICAL)
    for number in logical if isinstance(logical, dict) else ():
        if number in _LOGICAL_TYPES:
            return _LOGICAL_TYPES[number]
    converted = _CONVERTED_TYPES.get(_number(element, _CONVERTED))
    return converted or _PHYSICAL.get(_number(element, _TYPE), "sc:Text")


def _number(element: dict[int, Any], field: int) -> int:
    """A number of an element; -1 where it is missing or something else."""
    value = element.get(field)
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _name(element: dict[int, Any]) -> str:
    value = element.get(_NAME)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""
