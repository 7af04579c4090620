import pytest

from commonground.web import highlight
from commonground.web.text import decode


def test_text_has_plain_line_ends() -> None:
    assert decode("\ufeffä\r\nb\rc".encode()) == "ä\nb\nc"


@pytest.mark.parametrize("content", [b"\0", b"\x89PNG\r\n\x1a\n\0", b"caf\xe9"])
def test_other_bytes_are_no_text(content: bytes) -> None:
    assert decode(content) is None


def test_code_is_coloured_by_the_name_of_its_file() -> None:
    assert (
        highlight.for_file("import os", "a/b.py")
        == '<span class="kn">import</span><span class="w"> </span><span class="nn">os</span>\n'
    )
    assert highlight.for_file("import os", "notes.unknown") == "import os"


def test_code_is_escaped_whatever_its_language() -> None:
    for name in ("x.html", "x.py", "x.json", "x.yaml", "x.md", "Dockerfile", "x"):
        assert "<script" not in highlight.for_file("<script>alert(1)</script>", name)


def test_every_listed_language_is_known() -> None:
    for alias in highlight._ALIASES:
        assert "x" in highlight.for_language("x = 1\n", alias)


def test_lines_are_kept_one_by_one() -> None:
    assert len(highlight.lines('\n"""a\nb"""\n\nx = 1\n', "a.py")) == 5
    assert [line.count("<span") - line.count("</span") for line in highlight.lines('"""a\nb\n"""\n', "a.py")] == [
        0,
        0,
        0,
    ]


def test_long_code_is_shown_plain() -> None:
    assert "<span" not in highlight.for_file("x = 1\n" * highlight.LIMIT, "a.py")
    assert "<span" not in highlight.for_file("x" * (highlight.LONGEST_LINE + 1), "a.py")
