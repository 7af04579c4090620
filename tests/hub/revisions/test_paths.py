import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import InvalidPath
from commonground.hub.revisions.paths import MAX_DEPTH, split_folder, split_path


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "a/b/c",
        ".gitattributes",
        ".gitignore",
        ".github/x",
        "git",
        "git~2",
        "a.git",
        "with space",
        "日本語",
        "...",
        "a..b",
        "x" * 255,
        "~",
        "a\\b",
        "a/..\\..\\b",
    ],
)
def test_ordinary_paths_are_accepted(path: str) -> None:
    assert b"/".join(split_path(path)).decode() == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/../b",
        "./a",
        "a\0b",
        "a\nb",
        "a\x7fb",
        "..\\ddd",
        "a\\.git\\config",
        ".git",
        ".GIT/config",
        "a/.Git",
        ".git.",
        ".git ",
        ".git::$INDEX_ALLOCATION",
        "git~1",
        "GIT~1/x",
        ".g\u200cit",
        "\ufeff.git",
        "\ud800",
        "x" * 256,
        "é" * 128,
        "/".join(["x" * 200] * 21),
        "/".join(["a"] * (MAX_DEPTH + 1)),
    ],
)
def test_paths_that_some_system_could_not_hold_are_refused(path: str) -> None:
    with pytest.raises(InvalidPath):
        split_path(path)


@given(st.text(max_size=30))
def test_what_is_accepted_has_only_proper_segments(path: str) -> None:
    try:
        segments = split_path(path)
    except InvalidPath:
        return
    assert all(segment not in {b"", b".", b".."} and b"\0" not in segment for segment in segments)


def test_the_root_is_a_folder() -> None:
    assert split_folder("") == split_folder("/") == []
    assert split_folder("a/b/") == [b"a", b"b"]
