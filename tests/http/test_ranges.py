import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import RangeNotSatisfiable
from commonground.http.ranges import MAX_RANGES, parse_ranges


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=0-499", [(0, 100)]),
        ("bytes=90-", [(90, 100)]),
        ("bytes=-10", [(90, 100)]),
        ("bytes=-1000", [(0, 100)]),
        ("Bytes = 1-2 , 5-6", [(1, 3), (5, 7)]),
        ("bytes=200-300,0-1", [(0, 2)]),
        ("bytes=5-6,1-2", [(5, 7), (1, 3)]),
    ],
)
def test_ranges_are_half_open_and_clipped(header: str, expected: list[tuple[int, int]]) -> None:
    assert parse_ranges(header, 100) == expected


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "items=0-1", "bytes=5-1", "bytes=1-2,", "bytes=1--2",
     "bytes=0-1;q=1", "bytes=" + "9" * 30 + "-", "bytes=\u0661-\u0662x", "bytes=" + ",".join(["0-0"] * (MAX_RANGES + 1))],
)  # fmt: skip
def test_what_cannot_be_understood_is_ignored(header: str | None) -> None:
    assert parse_ranges(header, 100) is None


@pytest.mark.parametrize(("header", "size"), [("bytes=100-", 100), ("bytes=-0", 100), ("bytes=0-", 0), ("bytes=-5", 0)])
def test_a_range_outside_the_content_is_an_error(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable):
        parse_ranges(header, size)


def test_overlapping_ranges_do_not_multiply_the_content() -> None:
    assert parse_ranges("bytes=" + ",".join(["0-"] * 100), 1000) is None


number = st.integers(0, 300).map(str) | st.just("")


@given(st.lists(st.tuples(number, number), min_size=1, max_size=5), st.integers(0, 250))
def test_ranges_lie_inside_the_content(parts: list[tuple[str, str]], size: int) -> None:
    header = "bytes=" + ",".join(f"{first}-{last}" for first, last in parts)
    try:
        found = parse_ranges(header, size) or []
    except RangeNotSatisfiable:
        return
    assert all(0 <= start < end <= size for start, end in found)
    assert sum(end - start for start, end in found) <= size


@given(st.text(max_size=40), st.integers(0, 100))
def test_no_text_breaks_the_parser(text: str, size: int) -> None:
    with contextlib.suppress(RangeNotSatisfiable):
        parse_ranges(text, size)
