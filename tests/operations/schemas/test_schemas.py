"""Four judges of the same documents: jsonschema, our checker, the hub's rules for cards, and a second reading of the page."""

import copy
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from commonground.hub.cards.validation import Check, _checks
from commonground.operations.schemas.catalogue import NAMES, schema
from commonground.operations.validation.json_schema import check
from tests.operations.schemas import independent

CARD: dict[str, Any] = schema("card", "v1") or {}
MANIFEST: dict[str, Any] = schema("manifest", "v1") or {}
relaxed = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))

words = st.text(max_size=6) | st.sampled_from(
    [
        "mit",
        "other",
        "en",
        "zh-Hant",
        "EN",
        "e",
        "en-",
        "code",
        "multilingual",
        "en\n",
        "x" * 201,
        "x" * 200,
        "gradio",
        "red",
    ]
)
values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=2),
    max_leaves=5,
)
names = st.sampled_from(
    [*independent.TEXTS, *independent.SHORTS, "license", "language", "sdk", "colorFrom", "colorTo", "else"]
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container of a document with every key in it."""
    items = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [(value, key) for key, _ in items] + [place for _, inner in items for place in places(inner)]


@st.composite
def changed(draw: Any, good: dict[str, Any], replacements: Any) -> dict[str, Any]:
    """A good document with up to two values replaced, removed, or added beside."""
    document: dict[str, Any] = copy.deepcopy(good)
    for _ in range(draw(st.integers(0, 2))):
        found = places(document)
        if not found:
            break
        container, key = draw(st.sampled_from(found))
        action = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if action == "replace":
            container[key] = draw(replacements)
        elif action == "remove":
            del container[key]
        elif isinstance(container, dict):
            container[draw(st.text(max_size=5))] = draw(replacements)
        else:
            container.append(draw(replacements))
    return document


GOOD_CARD = {
    "license": ["mit", "other"],
    "license_name": "mine",
    "language": ["en", "zh-Hant"],
    "tags": ["a", "b"],
    "base_model": "acme/base",
    "sdk": "static",
    "colorFrom": "red",
    "model-index": [
        {
            "name": "tiny",
            "results": [
                {
                    "task": {"type": "text-generation"},
                    "dataset": {"type": "acme/data", "name": "Data"},
                    "metrics": [{"type": "accuracy", "value": 0.5}, {"type": "f1", "value": 1}],
                }
            ],
        }
    ],
}
plain = st.dictionaries(names, values | words | st.lists(words, max_size=3), max_size=4)
cards = plain | changed(GOOD_CARD, values | words)


def rules() -> list[Check]:
    return [*_checks("model"), *_checks("space")]


@relaxed
@given(cards)
@example({"license": ["mit", None]})
@example({"sdk": None})
@example({"model-index": [{"name": "x", "results": [{"task": {"type": "y"}, "metrics": [], "dataset": None}]}]})
def test_all_judges_of_a_card_agree(card: dict[str, Any]) -> None:
    expected = independent.card(card)
    assert jsonschema.Draft202012Validator(CARD).is_valid(card) is expected
    assert (not list(check(card, CARD))) is expected
    assert (not [message for rule in rules() for message in rule(card)]) is expected


GOOD = {
    "$schema": "https://hub.example/schemas/manifest/v1.json",
    "kind": "model",
    "repository": "acme/tiny",
    "commit": "a" * 40,
    "files": [{"path": "model.safetensors", "size": 3, "sha256": "0" * 64}],
}
odd = st.sampled_from([
    "a" * 40, "0" * 64, "A" * 64, "a" * 39, "0" * 64 + "\n", -1, 0, 2**63, 2**63 - 1, 1.0, 1.5, True, "1", "dataset",
    "a/b.c", "a.b/c", "a", "/", "a/b\n", "é/b", "a" * 65 + "/b", "/schemas/manifest/v1.json", "x" * 4096, "x" * 4097,
])  # fmt: skip


@relaxed
@given(changed(GOOD, odd | values))
@example(GOOD)
@example({})
def test_all_judges_of_a_manifest_agree(document: dict[str, Any]) -> None:
    expected = independent.manifest(document)
    assert jsonschema.Draft202012Validator(MANIFEST).is_valid(document) is expected
    assert (not list(check(document, MANIFEST))) is expected


def test_good_documents_exist() -> None:
    assert independent.manifest(GOOD)
    assert independent.card({"license": "mit", "language": ["en", "zh"], "tags": ["a"], "sdk": "static"})


@pytest.mark.parametrize("name", NAMES)
def test_the_schemas_are_schemas(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name, "v1", "https://hub.example"))


def test_there_are_no_others() -> None:
    assert schema("card", "v2") is None
    assert schema("other", "v1") is None


def test_every_problem_is_named_with_its_place() -> None:
    document = {
        **GOOD,
        "kind": "bucket",
        "extra": 1,
        "files": [{"path": "", "size": -1, "sha256": "x"}, {"path": "a"}, 5],
    }
    assert [problem.place for problem in check(document, MANIFEST)] == [
        "kind", "files[0].path", "files[0].size", "files[0].sha256", "files[1].size", "files[1].sha256", "files[2]", "extra",
    ]  # fmt: skip
    placed = {problem.place: problem.message for problem in check({"tags": ["a", 5], "license": 3, "title": []}, CARD)}
    assert set(placed) == {"tags[1]", "license", "title"}
    assert placed["title"] == "must be a string or null, not an array"
