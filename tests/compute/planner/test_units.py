from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.compute.planner.units import BANDWIDTH, NUMBER, SIZE, TIME, quantity


@pytest.mark.parametrize(
    ("text", "units", "value"),
    [
        ("250us", TIME, 250e-6),
        ("2h", TIME, 7200),
        (1.5, TIME, 1.5),
        ("1GB", SIZE, 1e9),
        ("1 MiB", SIZE, 2**20),
        ("10Gbit", BANDWIDTH, 1.25e9),
        ("1.25GB/s", BANDWIDTH, 1.25e9),
        ("7B", NUMBER, 7e9),
        ("1e6", NUMBER, 1e6),
    ],
)
def test_quantities_are_read_into_base_units(text: object, units: dict[str, float], value: float) -> None:
    assert quantity(text, units) == pytest.approx(value)


@pytest.mark.parametrize("text", ["1 parsec", "-1s", "", "1e99", "ns", None, True, [1], float("inf"), float("nan")])
def test_what_is_no_quantity_is_refused_with_the_known_units(text: object) -> None:
    with pytest.raises(ValueError, match=r"is not a number with one of the units ns|is beyond 1e"):
        quantity(text, TIME)


@given(st.text(max_size=30))
def test_any_text_is_a_bounded_number_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert 0 <= quantity(text, SIZE) <= 1e18
