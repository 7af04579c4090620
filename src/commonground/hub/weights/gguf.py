"""GGUF: typed key-value metadata and tensor descriptions in front of the data, little endian."""

import struct
from collections.abc import Generator
from typing import Any

from commonground.hub.weights.cursor import Cursor
from commonground.hub.weights.model import Collector, InvalidWeights, Parser, elements_of

BUDGET = 128 * 2**20
MAX_KEYS = 16_384
MAX_TENSORS = 500_000
MAX_STRINGS = 4_000_000  # in arrays, all together: vocabularies
KEPT_TEXT = 65_536
KEPT_KEYS = 400

_U32, _U64 = struct.Struct("<I"), struct.Struct("<Q")
_START = struct.Struct("<4sIQQ")
_STRING, _ARRAY = 8, 9
_SCALARS = {
    0: struct.Struct("<B"), 1: struct.Struct("<b"), 2: struct.Struct("<H"), 3: struct.Struct("<h"),
    4: struct.Struct("<I"), 5: struct.Struct("<i"), 6: struct.Struct("<f"), 7: struct.Struct("<?"),
    10: struct.Struct("<Q"), 11: struct.Struct("<q"), 12: struct.Struct("<d"),
}  # fmt: skip
_TYPES = dict(
    enumerate(
        [
            "F32",
            "F16",
            "Q4_0",
            "Q4_1",
            "Q4_2",
            "Q4_3",
            "Q5_0",
            "Q5_1",
            "Q8_0",
            "Q8_1",
            "Q2_K",
            "Q3_K",
            "Q4_K",
            "Q5_K",
            "Q6_K",
            "Q8_K",
            "IQ2_XXS",
            "IQ2_XS",
            "IQ3_XXS",
            "IQ1_S",
            "IQ4_NL",
            "IQ3_S",
            "IQ2_S",
            "IQ4_XS",
            "I8",
            "I16",
            "I32",
            "I64",
            "F64",
            "IQ1_M",
            "BF16",
            "Q4_0_4_4",
            "Q4_0_4_8",
            "Q4_0_8_8",
            "TQ1_0",
            "TQ2_0",
            "IQ4_NL_4_4",
            "IQ4_NL_4_8",
            "IQ4_NL_8_8",
            "MXFP4",
        ]
    )
)

Values = Generator[tuple[int, int], bytes, Any]


def parse(size: int) -> Parser:
    """Parses a file of ``size`` bytes. Raises :class:`InvalidWeights`."""
    cursor = Cursor(size, BUDGET)
    yield from cursor.fill(_START.size)
    magic, version, tensors, keys = cursor.unpack(_START)
    if magic != b"GGUF" or version not in {2, 3}:
        raise InvalidWeights("this is not a little-endian GGUF file of version 2 or 3")
    if keys > MAX_KEYS or tensors > MAX_TENSORS:
        raise InvalidWeights(f"the header announces {keys} keys and {tensors} tensors")
    metadata = yield from _metadata(cursor, keys)
    collector = Collector("gguf")
    for _ in range(tensors):
        yield from _tensor(cursor, collector)
    return collector.result(metadata)


def _metadata(cursor: Cursor, keys: int) -> Values:
    kept: dict[str, Any] = {}
    strings = [MAX_STRINGS]
    for _ in range(keys):
        name = yield from _text(cursor, 65_535)
        yield from cursor.fill(4)
        (kind,) = cursor.unpack(_U32)
        value = yield from _value(cursor, kind, strings)
        if value is not None and len(kept) < KEPT_KEYS:
            kept[name] = value
    return kept


def _value(cursor: Cursor, kind: int, strings: list[int]) -> Values:
    """A value; ``None`` for arrays and texts too long to keep."""
    if kind == _STRING:
        return (yield from _text(cursor, None))
    if kind == _ARRAY:
        return (yield from _skip_array(cursor, strings))
    if kind not in _SCALARS:
        raise InvalidWeights(f"the metadata has the unknown type {kind}")
    layout = _SCALARS[kind]
    yield from cursor.fill(layout.size)
    (value,) = cursor.unpack(layout)
    return value if value == value and value not in {float("inf"), float("-inf")} else str(value)  # JSON has no NaN


def _skip_array(cursor: Cursor, strings: list[int]) -> Values:
    yield from cursor.fill(12)
    (kind,), (count,) = cursor.unpack(_U32), cursor.unpack(_U64)
    if kind in _SCALARS:
        cursor.skip(count * _SCALARS[kind].size)
        return None
    if kind != _STRING:
        raise InvalidWeights(f"the metadata has arrays of the unknown type {kind}")
    strings[0] -= count
    if strings[0] < 0:
        raise InvalidWeights(f"the metadata has more than {MAX_STRINGS} texts")
    for _ in range(count):
        if not cursor.has(8):
            yield from cursor.fill(8)
        cursor.skip(_U64.unpack_from(cursor.window, cursor.at)[0] + 8)
    return None


def _text(cursor: Cursor, limit: int | None) -> Values:
    """A text. Above ``limit`` it is an error; without one a text too long to keep is skipped (``None``)."""
    yield from cursor.fill(8)
    (length,) = cursor.unpack(_U64)
    if limit is not None and length > limit:
        raise InvalidWeights(f"a name is {length} bytes long")
    if length > KEPT_TEXT:
        cursor.skip(length)
        return None
    yield from cursor.fill(length)
    return cursor.take(length).decode("utf-8", "replace")


def _tensor(cursor: Cursor, collector: Collector) -> Values:
    name = yield from _text(cursor, 1024)
    yield from cursor.fill(4)
    (dimensions,) = cursor.unpack(_U32)
    if dimensions > 8:
        raise InvalidWeights(f"tensor {name} has {dimensions} dimensions")
    layout = struct.Struct(f"<{dimensions}QIQ")
    yield from cursor.fill(layout.size)
    *lengths, kind, _offset = cursor.unpack(layout)
    if kind not in _TYPES:
        raise InvalidWeights(f"tensor {name} has the unknown type {kind}")
    shape = tuple(reversed(lengths))  # the file lists the innermost dimension first
    collector.add(name, _TYPES[kind], shape, elements_of(shape))
