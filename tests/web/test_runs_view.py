"""What pages say of a run, as text."""

import pytest

from commonground.compute.runs.model import LogBlock, Run
from commonground.compute.runs.spec import parse, read
from commonground.errors import RunNotFound
from commonground.web.runs_view import CHARACTERS, LINES, log_end, options, plain, run_number, spec_text

DOCUMENT = {
    "name": "digits", "run": "a: b\n# c\n", "resources": {"workers": 4}, "environment": {"A": "中", "B": {"secret": "b"}},
    "options": {"epochs": 3, "deep": {"list": [1, 2]}}, "inputs": {"data": "hub://datasets/a/b@" + "0" * 40},
}  # fmt: skip


def run(**document: object) -> Run:
    spec = parse({**DOCUMENT, **document})
    return Run(
        id=1, name=spec.name, kind=spec.kind, engine="local", state="queued", owner="ada", owner_id=1, spec=spec, seed=9
    )


def block(text: str, number: int = 1) -> LogBlock:
    return LogBlock(number=number, stream="stdout", time=0, text=text)


def test_the_specification_is_what_was_written_and_makes_the_same() -> None:
    text = spec_text(run())
    assert "resources:\n  workers: 4\n" in text
    assert "fault" not in text
    assert "中" in text
    again = parse(read(text))
    assert (again.seed, again.resources, again.options) == (9, run().spec.resources, run().spec.options)
    assert again.run == "a: b\n# c\n"


def test_options_are_one_level_of_names() -> None:
    found = options(run())
    assert (found["resources.workers"], found["options.deep.list"], found["seed"]) == ("4", "[1,2]", "9")
    assert found["environment.B.secret"] == "b"
    assert "ps" not in found


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("10%\r20%\r30%\ndone\r\n", "30%\ndone\r\n"),
        ("a\x00b\x07\x1b]c", "abc"),
        ("\t中 line\n", "\t中 line\n"),
    ],
)
def test_output_is_read_without_what_moves_a_terminal(written: str, read_as: str) -> None:
    assert plain(written) == read_as


def test_only_the_end_of_a_log_is_shown() -> None:
    assert log_end([]) == []
    blocks = [block(f"{number}\n" * 150, number) for number in range(1, 4)]
    assert log_end(blocks) == [("stdout", "2\n" * 50), ("stdout", "3\n" * 150)]
    assert sum(text.count("\n") for _, text in log_end(blocks)) == LINES
    [(_, long)] = log_end([block("x" * 10 * CHARACTERS)])
    assert len(long) == CHARACTERS


@pytest.mark.parametrize("text", ["", "x", "1.0", "-1", "²", "9" * 19])
def test_an_address_without_a_number_names_no_run(text: str) -> None:
    with pytest.raises(RunNotFound):
        run_number(text)
