"""Our checks against mlcroissant's: of these documents both accept and refuse the same."""

import copy
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from commonground.gateways.croissant.analysis import Analysis, Table
from commonground.gateways.croissant.columns import Column
from commonground.gateways.croissant.document import document
from commonground.gateways.croissant.splits import Group
from commonground.operations.manifest.model import ManifestFile
from commonground.operations.validation.croissant import check, recommendations
from tests.gateways.croissant.test_gateway import ASKED

Change = Callable[[dict[str, Any]], object]
ANALYSIS = Analysis(
    commit="a" * 40,
    number=1,
    date=0,
    card={"license": "mit"},
    body="",
    description="Data",
    tags=(),
    files=(
        ManifestFile(path="train.csv", size=1, sha256="0" * 64),
        ManifestFile(path="x.txt", size=1, sha256="0" * 64),
    ),
    tables=(
        Table(
            Group("default", "train", ("train.csv",)),
            (Column(name="a"), Column(name="s", children=(Column(name="x"),)), Column(name="l", repeated=True)),
        ),
    ),
)
GOOD: dict[str, Any] = document(ANALYSIS, ASKED)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What the library's own dependencies warn of is not about the documents."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def accepted(value: dict[str, Any], folder: Path) -> bool:
    import mlcroissant

    (folder / "croissant.json").write_text(json.dumps(value))
    try:
        mlcroissant.Dataset(jsonld=folder / "croissant.json")
    except Exception:  # noqa: BLE001 - it raises whatever it stumbles over
        return False
    return True


def test_our_own_descriptions_are_valid(tmp_path: Path) -> None:
    assert list(check(GOOD)) == []
    assert accepted(GOOD, tmp_path)
    assert {problem.place for problem in recommendations(GOOD)} == {"citeAs"}


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("distribution[0].contentUrl", lambda d: d["distribution"][0].pop("contentUrl")),
        ("distribution[0].sha256", lambda d: d["distribution"][0].pop("sha256")),
        ("distribution[0].encodingFormat", lambda d: d["distribution"][0].pop("encodingFormat")),
        ("distribution[0].@type", lambda d: d["distribution"][0].update({"@type": "cr:Other"})),
        ("recordSet[0].field[0].dataType", lambda d: d["recordSet"][0]["field"][0].pop("dataType")),
        (
            "recordSet[0].field[0].source",
            lambda d: d["recordSet"][0]["field"][0]["source"].update(fileObject={"@id": "nothing"}),
        ),
        ("@context", lambda d: d.update({"@context": "https://schema.org"})),
    ],
)
def test_what_is_wrong_is_named_with_its_place(place: str, change: Change, tmp_path: Path) -> None:
    value = copy.deepcopy(GOOD)
    change(value)
    assert place in {problem.place for problem in check(value)}
    assert not accepted(value, tmp_path)


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("conformsTo", lambda d: d.update(conformsTo="http://example.org/other")),
        ("name", lambda d: d.pop("name")),
        ("distribution[1].@id", lambda d: d["distribution"][1].update({"@id": "train.csv"})),
        ("recordSet[0].field[0].@id", lambda d: d["recordSet"][0]["field"][0].pop("@id")),
        ("recordSet[0].field[0].source", lambda d: d["recordSet"][0]["field"][0].update(source={})),
        ("recordSet", lambda d: d.update(recordSet={})),
    ],
)
def test_what_mlcroissant_lets_pass_and_the_specification_does_not(place: str, change: Change) -> None:
    value = copy.deepcopy(GOOD)
    change(value)
    assert place in {problem.place for problem in check(value)}


@pytest.mark.parametrize(
    "value", [{}, {"distribution": [1]}, {"recordSet": [{"field": [1, {"subField": [{}]}]}]}, {"conformsTo": [1]}]
)
def test_anything_is_answered(value: dict[str, Any]) -> None:
    assert list(check(value))
