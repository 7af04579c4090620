"""What a file is taken for, and what is said of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from commonground.errors import UnusableFile
from commonground.operations.validation import service
from commonground.operations.validation.service import validate
from tests.operations.schemas.test_schemas import GOOD


def written(folder: Path, name: str, content: Any) -> Path:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / name).write_text(text)
    return folder / name


def test_a_card(tmp_path: Path) -> None:
    good = written(tmp_path, "README.md", "---\nlicense: mit\n---\n# Hi\n")
    assert validate(good).problems == ()
    bad = written(tmp_path, "README.md", "---\nlicense: none\ntags: [1]\nsdk: other\n---\n")
    assert {problem.place for problem in validate(bad).problems} == {"license", "tags[0]", "sdk"}
    assert {problem.place for problem in validate(bad, "model").problems} == {"license", "tags[0]"}
    [problem] = validate(written(tmp_path, "README.md", "---\na: [\n---\n")).problems
    assert "line" in problem.message
    assert validate(written(tmp_path, "README.md", "no metadata")).warnings


@pytest.mark.parametrize("name", ["manifest.json", "manifest.yaml", "manifest.yml"])
def test_a_document_with_a_schema(tmp_path: Path, name: str) -> None:
    assert validate(written(tmp_path, name, GOOD)).problems == ()  # JSON is YAML, too
    report = validate(written(tmp_path, name, {**GOOD, "commit": "x"}))
    assert (report.kind, [problem.place for problem in report.problems]) == ("manifest v1", ["commit"])


def test_standards_are_recognised_by_their_marks(tmp_path: Path) -> None:
    assert validate(written(tmp_path, "a.json", {"bomFormat": "CycloneDX"})).kind == "cyclonedx"
    croissant = {"@context": {}, "conformsTo": "http://mlcommons.org/croissant/1.0"}
    assert validate(written(tmp_path, "b.json", croissant)).kind == "croissant"


@pytest.mark.parametrize("content", ["", "[", "[1]", '{"a": 1', "nul"])
def test_what_cannot_be_read_says_why(tmp_path: Path, content: str) -> None:
    assert validate(written(tmp_path, "x.json", content)).problems


@pytest.mark.parametrize(
    "content", [{}, {"$schema": "https://other/schema.json"}, {"$schema": "/schemas/card/v9.json"}, {"$schema": 5}]
)
def test_what_claims_nothing_known_is_refused(tmp_path: Path, content: Any) -> None:
    with pytest.raises(UnusableFile):
        validate(written(tmp_path, "x.json", content))


def test_documents_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "x.json", GOOD)
    monkeypatch.setattr(service, "LIMIT", 10)
    with pytest.raises(UnusableFile, match="larger"):
        validate(path)
    many = written(tmp_path, "m.json", {**GOOD, "files": [{}] * 2000})
    monkeypatch.setattr(service, "LIMIT", 10**6)
    assert len(validate(many).problems) == 1000


def test_deep_documents_do_no_harm(tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = {"a": [deep]}
    assert validate(written(tmp_path, "x.json", {**GOOD, "files": deep})).problems
    assert validate(written(tmp_path, "y.json", "[" * 100_000)).problems
