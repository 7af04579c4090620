"""Charts: every coordinate is inside, whatever was measured."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.compute.runs.model import Point, Sample, Series
from commonground.web.runs_charts import BOTTOM, HEIGHT, LABEL_HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart

values = st.floats(-1e308, 1e308)
samples = st.lists(
    st.tuples(st.integers(-(2**62), 2**62), st.integers(0, 2**62), values, values), min_size=1, max_size=30
)


def series(rows: list[tuple[int, int, float, float]]) -> Series:
    found = tuple(
        Sample(step=step, time=time, value=(a / 2 + b / 2), low=min(a, b), high=max(a, b))
        for step, time, a, b in sorted(rows)
    )
    return Series(key="k", count=len(rows), last=Point(key="k", value=rows[-1][2]), samples=found)


def points(text: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in text.split())]


@given(st.lists(samples, min_size=1, max_size=6))
def test_everything_is_inside(sides: list[list[tuple[int, int, float, float]]]) -> None:
    drawn = chart("k", {number: series(rows) for number, rows in enumerate(sides, 1)})
    for curve in drawn.curves:
        for x, y in points(curve.line) + points(curve.band):
            assert LEFT <= x <= WIDTH - RIGHT
            assert TOP <= y <= HEIGHT - BOTTOM
    assert all(LEFT <= tick.place <= WIDTH - RIGHT for tick in drawn.across)
    assert all(TOP <= tick.place <= HEIGHT - BOTTOM for tick in drawn.up)
    assert len(drawn.up) <= 8
    labels = sorted(curve.label for curve in drawn.curves)
    assert all(b - a >= LABEL_HEIGHT - 0.01 for a, b in itertools.pairwise(labels))


def test_a_line_goes_from_the_upper_left_to_the_lower_right() -> None:
    drawn = chart("loss", {1: series([(0, 0, 1.0, 1.0), (50, 0, 0.5, 0.5), (100, 0, 0.0, 0.0)])})
    [curve] = drawn.curves
    assert points(curve.line) == [(LEFT, TOP), ((LEFT + WIDTH - RIGHT) / 2, 88.0), (WIDTH - RIGHT, HEIGHT - BOTTOM)]
    assert (curve.band, curve.first, curve.last, drawn.by_step) == ("", "1", "0", True)
    assert [tick.text for tick in drawn.up] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert [tick.text for tick in drawn.across] == ["0", "20", "40", "60", "80", "100"]


def test_without_steps_it_is_drawn_over_time() -> None:
    drawn = chart("k", {1: series([(0, 1000, 1.0, 1.0), (0, 4000, 2.0, 2.0)])})
    assert not drawn.by_step
    assert [tick.text for tick in drawn.across] == ["0", "1", "2", "3"]


def test_one_value_is_a_point_in_the_middle() -> None:
    [curve] = chart("k", {1: series([(0, 0, 5.0, 5.0)])}).curves
    assert points(curve.line) == [((LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2)]


@pytest.mark.parametrize(
    ("last", "marks"), [(30_000, ["0", "5000", "10k", "15k", "20k", "25k", "30k"]), (1, ["0", "1"])]
)
def test_marks_are_round_numbers(last: int, marks: list[str]) -> None:
    drawn = chart("k", {1: series([(0, 0, 1.0, 1.0), (last, 0, 2.0, 2.0)])})
    assert [tick.text for tick in drawn.across] == marks
    assert not any(re.search(r"0000|9999", tick.text) for tick in drawn.up)
