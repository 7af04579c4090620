"""What commands print is safe to look at and easy to read."""

import pytest

from commonground.cli import output
from commonground.cli.hints import line_of
from commonground.errors import BadRequest, FileToDeleteNotFound, InvalidArguments, RepositoryNotFound


def test_a_name_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("Name",), [("\x1b[31mred\x07",)])
    output.fields([("name", "a\nb")])
    assert "\x1b" not in (shown := capsys.readouterr().out)
    assert "a\N{REPLACEMENT CHARACTER}b" in shown


def test_a_name_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("Name",), [("[bold]x[/bold]",)])
    assert "[bold]x[/bold]" in capsys.readouterr().out


def test_long_cells_are_not_cut_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("Name",), [("x" * 500,)])
    assert "x" * 500 in capsys.readouterr().out


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 * 2**30, "5.0 GiB"), (2**70, "1048576.0 PiB")],
)
def test_sizes_are_for_people(size: int, text: str) -> None:
    assert output.size_text(size) == text


def test_a_failure_says_what_to_do() -> None:
    assert line_of(RepositoryNotFound()).startswith("CG-1201: Repository not found; check its name")
    assert "files list" in line_of(FileToDeleteNotFound(path="a"))
    assert line_of(BadRequest(reason="two\nlines")).startswith("CG-1001: Bad request: two lines; change")
    assert line_of(InvalidArguments(reason="Unknown.", command="cg")) == "CG-1509: Unknown. See cg --help."
