from __future__ import annotations

import pytest

from commonground.samples.paths import is_safe


@pytest.mark.parametrize("path", ["a", "a/b.txt", ".gitattributes", "1_Pooling/config.json", "a..b", "ü/人.txt"])
def test_paths_inside_are_taken(path: str) -> None:
    assert is_safe(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "..",
        "../a",
        "a/../../b",
        "a/..",
        "a\\b",
        "C:/a",
        "C:a",
        "\\\\host\\share",
        "a\x00b",
        "a//b",
        "a/",
        "./a",
    ],
)
def test_paths_that_leave_or_are_ambiguous_are_not(path: str) -> None:
    assert not is_safe(path)
