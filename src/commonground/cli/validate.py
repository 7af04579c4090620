"""``commonground validate`` and ``commonground schema``: whether a file is what it claims to be."""

from pathlib import Path
from typing import Literal

import msgspec

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer, clean
from commonground.errors import InvalidDocument
from commonground.operations.schemas.catalogue import Name
from commonground.operations.validation.model import Problem, Report
from commonground.operations.validation.service import validate as check


def validate(
    file: Path, *, kind: Literal["model", "dataset", "space"] | None = None, options: Options = DEFAULTS
) -> None:
    """Check a file of this machine and name every problem with its place.

    Parameters
    ----------
    file
        A card (README.md), Croissant, CycloneDX 1.6, JSON or YAML that names a schema of this project, or weights
        (.safetensors, .gguf, .onnx).
    kind
        The kind of repository a card is for; default: the rules of all.

    """
    found = check(file, kind)
    answer(found, options, lambda report: _show(file, report))
    if found.problems:
        raise InvalidDocument(path=file, reason=f"{len(found.problems)} problems as {found.kind}")


def schema(name: Name, *, options: Options = DEFAULTS) -> None:
    """Print the JSON Schema of a kind of document.

    Parameters
    ----------
    name
        card (the metadata of a README) or manifest (files with digests).

    """
    with options.hub() as hub:
        found = hub.get_schema(name)
    print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())


def _show(file: Path, report: Report) -> None:
    for problem in report.problems:
        print(f"{file}: {_line(problem)}")
    for warning in report.warnings:
        print(f"{file}: warning: {_line(warning)}")
    if not report.problems:
        print(f"{file}: valid {report.kind}")


def _line(problem: Problem) -> str:
    return clean(f"{problem.place}: {problem.message}" if problem.place else problem.message)
