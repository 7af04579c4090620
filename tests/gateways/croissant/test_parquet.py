"""Footers written by pyarrow, which knows what is in them."""

import contextlib
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.gateways.croissant.columns import Column
from commonground.gateways.croissant.parquet import TAIL, columns, footer_length
from commonground.gateways.croissant.thrift import Malformed

TYPES: list[tuple[Any, Column]] = [
    (pa.bool_(), Column(name="c", type="sc:Boolean")),
    (pa.int8(), Column(name="c", type="sc:Integer")),
    (pa.uint64(), Column(name="c", type="sc:Integer")),
    (pa.float16(), Column(name="c", type="sc:Float")),
    (pa.float32(), Column(name="c", type="sc:Float")),
    (pa.float64(), Column(name="c", type="sc:Float")),
    (pa.decimal128(10, 2), Column(name="c", type="sc:Float")),
    (pa.string(), Column(name="c", type="sc:Text")),
    (pa.large_string(), Column(name="c", type="sc:Text")),
    (pa.binary(), Column(name="c", type="sc:Text")),
    (pa.dictionary(pa.int8(), pa.string()), Column(name="c", type="sc:Text")),
    (pa.date32(), Column(name="c", type="sc:Date")),
    (pa.time64("us"), Column(name="c", type="sc:Time")),
    (pa.timestamp("ns"), Column(name="c", type="sc:DateTime")),
    (pa.timestamp("ms", "UTC"), Column(name="c", type="sc:DateTime")),
    (pa.list_(pa.int64()), Column(name="c", type="sc:Integer", repeated=True)),
    (pa.list_(pa.string(), 3), Column(name="c", type="sc:Text", repeated=True)),
    (
        pa.struct({"x": pa.int64(), "y": pa.string()}),
        Column(name="c", children=(Column(name="x", type="sc:Integer"), Column(name="y"))),
    ),
    (
        pa.list_(pa.struct({"x": pa.int64()})),
        Column(name="c", repeated=True, children=(Column(name="x", type="sc:Integer"),)),
    ),
]


def footer(schema: pa.Schema, **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(schema.empty_table(), buffer, **options)
    data = buffer.getvalue()
    length = footer_length(data[-TAIL:])
    return data[-TAIL - length : -TAIL]


@pytest.mark.parametrize("version", ["1.0", "2.6"])
@pytest.mark.parametrize(("kind", "expected"), TYPES, ids=[str(kind) for kind, _ in TYPES])
def test_every_type_of_column(kind: pa.DataType, expected: Column, version: str) -> None:
    before, after = pa.field("before", pa.int32()), pa.field("after", pa.string())
    found = columns(footer(pa.schema([before, pa.field("c", kind), after]), version=version))
    assert found == (Column(name="before", type="sc:Integer"), expected, Column(name="after"))


@pytest.mark.parametrize(
    "kind",
    [
        pa.map_(pa.string(), pa.int64()),
        pa.list_(pa.list_(pa.int64())),
        pa.struct({"x": pa.struct({"y": pa.int64()})}),
    ],
    ids=str,
)
def test_what_has_no_place_in_a_row_is_left_out(kind: pa.DataType) -> None:
    found = columns(footer(pa.schema([pa.field("c", kind), pa.field("after", pa.string())])))
    assert found == (Column(name="after"),)


def test_names_are_text_of_any_kind() -> None:
    assert [column.name for column in columns(footer(pa.schema([("字 x", pa.int8()), ("", pa.int8())])))] == [
        "字 x",
        "",
    ]


@pytest.mark.parametrize("tail", [b"", b"PAR1", bytes(4) + b"PAR2"])
def test_what_is_no_parquet_file_is_refused(tail: bytes) -> None:
    with pytest.raises(Malformed):
        footer_length(tail)


def test_the_beginning_of_a_footer_is_enough() -> None:
    whole = footer(pa.schema([pa.field("c", pa.int8())], metadata={"note": "x" * 10_000}))
    assert columns(whole[:200]) == columns(whole)


GOOD = footer(pa.schema([pa.field("c", kind) for kind, _ in TYPES[:5]]))


@given(at=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255), cut=st.integers(0, len(GOOD)))
def test_damaged_footers_are_read_or_refused(at: int, byte: int, cut: int) -> None:
    damaged = bytearray(GOOD[:cut])
    if at < cut:
        damaged[at] = byte
    with contextlib.suppress(Malformed):
        columns(bytes(damaged))
