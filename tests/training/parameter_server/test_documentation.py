"""The example of the page runs as it stands."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "parameter-server.md"


def test_the_first_example_prints_its_closed_form(capsys: pytest.CaptureFixture[str]) -> None:
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(code, str(PAGE), "exec"), {})
    assert re.findall(r"0\.\d{3}", capsys.readouterr().out) == ["0.817"] * 10
