"""Our checks against the standard's validator: what it refuses of these, ours refuses, and both accept the good ones."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from commonground.operations.sbom.service import document
from commonground.operations.validation.cyclonedx import check
from tests.operations.sbom.test_documents import BARE, FULL, KINDS

Change = Callable[[dict[str, Any]], object]
GOOD: dict[str, Any] = document(FULL, "cyclonedx")


def accepted(value: dict[str, Any]) -> bool:
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(value)) is None


def changed(change: Change) -> dict[str, Any]:
    made = copy.deepcopy(GOOD)
    change(made)
    return made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bill", [FULL, BARE], ids=["full", "bare"])
def test_our_own_bills_are_valid(kind: Any, bill: Any) -> None:
    import msgspec

    assert list(check(document(msgspec.structs.replace(bill, kind=kind), "cyclonedx"))) == []


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("bomFormat", lambda d: d.update(bomFormat="Other")),
        ("bomFormat", lambda d: d.pop("bomFormat")),
        ("serialNumber", lambda d: d.update(serialNumber="none")),
        ("version", lambda d: d.update(version=0)),
        ("more", lambda d: d.update(more=1)),
        ("metadata.component.type", lambda d: d["metadata"]["component"].update(type="model")),
        ("components[0].name", lambda d: d["components"][0].pop("name")),
        ("components[0].more", lambda d: d["components"][0].update(more=1)),
        ("components[0].hashes[0].alg", lambda d: d["components"][0]["hashes"][0].update(alg="sha256")),
        ("components[0].hashes[0].content", lambda d: d["components"][0]["hashes"][0].update(content="x")),
        ("components[0].externalReferences[0].url", lambda d: d["components"][0]["externalReferences"][0].pop("url")),
        ("components", lambda d: d.update(components={})),
        ("dependencies[0].ref", lambda d: d["dependencies"][0].pop("ref")),
        ("dependencies[0].more", lambda d: d["dependencies"][0].update(more=1)),
        ("metadata.component.licenses[0]", lambda d: d["metadata"]["component"].update(licenses=[{}])),
        (
            "metadata.component.licenses[0].license",
            lambda d: d["metadata"]["component"].update(licenses=[{"license": {"id": "MIT", "name": "MIT"}}]),
        ),
        (
            "metadata.component.licenses[0]",
            lambda d: d["metadata"]["component"].update(licenses=[{"expression": "MIT"}, {"expression": "MIT"}]),
        ),
    ],
)
def test_what_the_standard_refuses_is_named_with_its_place(place: str, change: Change) -> None:
    value = changed(change)
    assert not accepted(value)
    assert place in {problem.place for problem in check(value)}


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("dependencies[0].dependsOn[0]", lambda d: d["dependencies"][0]["dependsOn"].insert(0, "nothing")),
        ("components[1].bom-ref", lambda d: d["components"][1].update({"bom-ref": d["components"][0]["bom-ref"]})),
        ("components[0].modelCard", lambda d: d["components"][0].update(modelCard={})),
    ],
)
def test_what_its_schema_cannot_say_is_named_too(place: str, change: Change) -> None:
    found = {
        problem.place.replace("dependencies[0].dependsOn", "dependencies[0].dependsOn")
        for problem in check(changed(change))
    }
    assert place in found


@pytest.mark.parametrize(
    "value", [{}, {"components": [1, None]}, {"dependencies": [1], "metadata": 3}, {"components": [{"licenses": [1]}]}]
)
def test_anything_is_answered(value: dict[str, Any]) -> None:
    assert list(check(value))
