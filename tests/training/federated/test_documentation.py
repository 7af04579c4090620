"""What the page shows can be executed."""

import re
from pathlib import Path
from typing import Any

import yaml

from commonground.compute.runs.spec import parse
from commonground.training.federated.options import read

PAGE = (Path(__file__).parents[3] / "docs" / "explanation" / "federated.md").read_text(encoding="utf-8")


def test_the_specification_is_one() -> None:
    [text] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    document = yaml.safe_load(text)
    assert parse(document).kind == "federated"
    options, private = read(document)
    assert (options.deadline, private is not None) == (30, True)
    for line in re.findall(r"^  (?:partition|strategy): .*$", text, re.MULTILINE):
        name, choices = line.strip().split(":", 1)
        for choice in re.split(r"[|#]", choices):
            read({"options": {**document["options"], name: yaml.safe_load(choice)}})


def test_the_program_finds_the_mean() -> None:
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code.replace("print", "shown = "), "federated.md", "exec"), names)
    first, second = names["shown"]
    assert abs(first - second) < 0.15
