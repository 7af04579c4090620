"""The types of columns are those pandas, with which loaders read, finds in the same bytes."""

import io
import json
import time
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.gateways.croissant.columns import Column
from commonground.gateways.croissant.text_tables import delimited, json_lines


def types(columns: tuple[Column, ...]) -> dict[str, str]:
    return {column.name: column.type.removeprefix("sc:") for column in columns}


def test_types_of_a_table() -> None:
    text = "i,f,t,b,empty,mixed\n1,0.5,a,true,,1\n,,NA,false,,x\n-3,1e3,c,,,\n"
    assert types(delimited(text.encode(), ",", whole=True)) == {
        "i": "Integer", "f": "Float", "t": "Text", "b": "Boolean", "empty": "Text", "mixed": "Text",
    }  # fmt: skip


def test_quotes_line_ends_and_marks() -> None:
    text = '\ufeff"a,b","line\nbreak"\r\n1,"x\ny"\r\n'
    assert types(delimited(text.encode(), ",", whole=True)) == {"a,b": "Integer", "line\nbreak": "Text"}


def test_a_cut_row_does_not_count() -> None:
    assert types(delimited(b"a,b\n1,2\n3,x", ",", whole=False)) == {"a": "Integer", "b": "Integer"}
    assert types(delimited(b"a,b\n1,2\n3,x", ",", whole=True)) == {"a": "Integer", "b": "Text"}


def test_tabs() -> None:
    assert types(delimited(b"a\tb\n1\tx\n", "\t", whole=True)) == {"a": "Integer", "b": "Text"}


def test_nameless_and_repeated_columns_are_named_as_pandas_names_them() -> None:
    found = delimited(b"a,,a\n1,2,3\n", ",", whole=True)
    assert set(types(found)) <= set(pd.read_csv(io.BytesIO(b"a,,a\n1,2,3\n")).columns)


def test_long_values_take_no_longer_than_others() -> None:
    started = time.perf_counter()
    delimited(b"a\n" + (b"1" * 100_000 + b"x\n") * 2, ",", whole=True)
    delimited(b"a\n" + b" " * 100_000 + b"x\n", ",", whole=True)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\0\0", b"a" * 200_000, b'"' + b"x\n" * 100_000])
def test_odd_files_do_no_harm(data: bytes) -> None:
    delimited(data, ",", whole=True)
    json_lines(data, whole=True)


cells = st.one_of(
    st.integers(-(10**15), 10**15).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(str),
    st.sampled_from(["", "true", "False", "NA", "abc", "1.5e3", "007", "-"]),
)


@given(st.lists(cells, min_size=1, max_size=8))
def test_a_loader_can_cast_what_pandas_reads_to_the_type_that_is_announced(values: list[str]) -> None:
    text = "n,v\n" + "".join(f"{i},{value}\n" for i, value in enumerate(values))
    announced = types(delimited(text.encode(), ",", whole=True))["v"]
    cast: Any = {"Integer": int, "Float": float, "Boolean": bool, "Text": str}[announced]
    for value in pd.read_csv(io.BytesIO(text.encode()))["v"]:
        if not pd.isna(value):
            cast(value)
            assert announced != "Boolean" or isinstance(value, bool) or str(value) in {"True", "False"}


def lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def test_types_of_json_lines() -> None:
    found = json_lines(
        lines(
            {"i": 1, "f": 1, "t": "a", "b": True, "l": ["x"], "n": None, "s": {"k": 1, "z": None}, "late": 1},
            {"i": None, "f": 0.5, "t": None, "b": False, "l": [], "n": None, "s": None},
        ),
        whole=True,
    )
    assert found == (
        Column(name="i", type="sc:Integer"),
        Column(name="f", type="sc:Float"),
        Column(name="t"),
        Column(name="b", type="sc:Boolean"),
        Column(name="l", repeated=True),
        Column(name="n"),
        Column(name="s", children=(Column(name="k", type="sc:Integer"), Column(name="z"))),
        Column(name="late", type="sc:Integer"),
    )


def test_values_that_do_not_fit_together_are_left_out() -> None:
    assert json_lines(lines({"a": 1, "b": [1]}, {"a": [1], "b": [[1]]}), whole=True) == ()


def test_lines_that_are_no_objects_are_left_out() -> None:
    data = b'[1]\nnull\nnot json\n{"a": 1}\n{"a": 2, "cut'
    assert types(json_lines(data, whole=False)) == {"a": "Integer"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("date", "30-APR-1997"),
        ("date", "2020-01-31"),
        ("created_at", "2020-01-01T10:00:00Z"),
        ("start_time", "2020"),
        ("timestamp", 1_700_000_000),
        ("timestamp", 5),
        ("date", "yesterday"),
        ("place", "2020-01-31"),
    ],
)
def test_columns_that_pandas_turns_into_dates_are_announced_as_such(name: str, value: Any) -> None:
    data = lines({name: value}, {name: None})
    is_date = "datetime" in str(pd.read_json(io.BytesIO(data), lines=True)[name].dtype)
    assert (types(json_lines(data, whole=True))[name] == "DateTime") is is_date


values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.text(max_size=4), values, max_size=4), max_size=4))
def test_any_objects_have_columns(rows: list[Any]) -> None:
    names = {name for row in rows for name in row}
    assert {column.name for column in json_lines(lines(*rows), whole=True)} <= names
