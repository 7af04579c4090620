from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.web import formatting

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (1_234, "1.23k"), (22_713_728, "22.7M"), (999_999, "1000k"), (70 * 10**9, "70B")],
)
def test_large_numbers_have_three_digits(number: int, text: str) -> None:
    assert formatting.compact(number) == text


@pytest.mark.parametrize(("size", "text"), [(0, "0 B"), (612, "612 B"), (90_900_000, "90.9 MB"), (5 * 10**12, "5 TB")])
def test_sizes_are_decimal(size: int, text: str) -> None:
    assert formatting.file_size(size) == text


def test_times_are_told_in_the_language_of_the_page() -> None:
    three_hours = int(NOW.timestamp() * 1000) - 3 * HOUR
    assert formatting.ago(three_hours, "en", NOW) == "3 hours ago"
    assert formatting.ago(three_hours, "zh", NOW) == "3小时前"
    assert formatting.iso_time(three_hours) == "2026-11-23T09:00:00Z"
    assert formatting.full_time(three_hours, "zh").startswith("2026年11月23日")


@given(st.integers())
def test_no_claimed_time_is_too_strange(milliseconds: int) -> None:
    for locale in ("en", "zh"):
        assert formatting.ago(milliseconds, locale)
        assert formatting.full_time(milliseconds, locale)
    assert formatting.iso_time(milliseconds).endswith("Z")


@given(st.integers(min_value=0))
def test_numbers_are_short(number: int) -> None:
    if number < 10**15:
        assert len(formatting.compact(number)) <= 5
        assert len(formatting.file_size(number)) <= 7
