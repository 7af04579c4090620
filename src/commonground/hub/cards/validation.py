"""Checks on a card before it is accepted."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from commonground.hub.cards.front_matter import read_card
from commonground.hub.cards.model import CardReport
from commonground.hub.cards.vocabulary import COLORS, LICENSES, SPACE_SDKS, SPECIAL_LANGUAGES, TASKS

MESSAGES = 100
Check = Callable[[dict[str, Any]], Iterator[str]]

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*\Z")
_TEXTS = ("pipeline_tag", "library_name", "license_name", "license_link", "pretty_name", "title", "thumbnail")
_LISTS = ("tags", "datasets", "metrics", "base_model", "task_categories", "task_ids", "size_categories",
          "source_datasets", "language_creators", "annotations_creators", "multilinguality")  # fmt: skip
_SHORT = 200


def validate(content: str, kind: str) -> CardReport:
    """The errors and warnings of a README (with its front matter) for a kind of repository."""
    card = read_card(content)
    if card.problem:
        return CardReport(errors=(card.problem,))
    if not card.has_metadata:
        return CardReport(warnings=("empty or missing yaml metadata in repo card",))
    errors = [message for check in _checks(kind) for message in check(card.metadata)]
    warnings = [message for hint in _HINTS for message in hint(card.metadata)]
    return CardReport(tuple(errors[:MESSAGES]), tuple(warnings[:MESSAGES]))


def _checks(kind: str) -> list[Check]:
    common: list[Check] = [_license, _language, _texts, _lists]
    return common + {"model": [_model_index], "space": [_space]}.get(kind, [])


# --- errors ---------------------------------------------------------------------------------------------------------


def _license(card: dict[str, Any]) -> Iterator[str]:
    for place, value in _items(card, "license"):
        if value not in LICENSES:
            yield f'"{place}" must be one of [{", ".join(LICENSES)}]'


def _language(card: dict[str, Any]) -> Iterator[str]:
    for place, value in _items(card, "language"):
        if not isinstance(value, str) or not (_LANGUAGE.match(value) or value in SPECIAL_LANGUAGES):
            yield f'"{place}" must be an ISO 639-1, 639-2 or 639-3 code (two or three letters), "multilingual" or "code"'


def _texts(card: dict[str, Any]) -> Iterator[str]:
    for name in _TEXTS:
        if not isinstance(card.get(name), str | None):
            yield f'"{name}" must be a string'


def _lists(card: dict[str, Any]) -> Iterator[str]:
    for name in _LISTS:
        for place, value in _items(card, name):
            if not isinstance(value, str):
                yield f'"{place}" must be a string'
            elif len(value) > _SHORT:
                yield f'"{place}" is longer than {_SHORT} characters'


def _items(card: dict[str, Any], name: str) -> Iterator[tuple[str, Any]]:
    """The values of a field that holds one value or a list of them, each with its place."""
    value = card.get(name)
    if isinstance(value, list):
        yield from ((f"{name}[{i}]", item) for i, item in enumerate(value))
    elif value is not None:
        yield name, value


def _space(card: dict[str, Any]) -> Iterator[str]:
    for name, allowed in (("sdk", SPACE_SDKS), ("colorFrom", COLORS), ("colorTo", COLORS)):
        if name in card and card[name] not in allowed:
            yield f'"{name}" must be one of [{", ".join(allowed)}]'


def _model_index(card: dict[str, Any]) -> Iterator[str]:
    index = card.get("model-index")
    if index is None:
        return
    if not isinstance(index, list):
        yield '"model-index" must be an array'
        return
    for i, model in enumerate(index):
        place = f"model-index[{i}]"
        yield from _required(model, place, "name")
        results = model.get("results") if isinstance(model, dict) else None
        if not isinstance(results, list):
            yield f'"{place}.results" must be an array'
            continue
        for j, result in enumerate(results):
            yield from _result(result, f"{place}.results[{j}]")


def _result(result: Any, place: str) -> Iterator[str]:
    if not isinstance(result, dict):
        yield f'"{place}" must be an object'
        return
    yield from _required(result.get("task"), f"{place}.task", "type")
    if "dataset" in result:
        yield from _required(result["dataset"], f"{place}.dataset", "type", "name")
    metrics = result.get("metrics")
    if not isinstance(metrics, list):
        yield f'"{place}.metrics" must be an array'
        return
    for i, metric in enumerate(metrics):
        yield from _required(metric, f"{place}.metrics[{i}]", "type", "value")


def _required(value: Any, place: str, *names: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f'"{place}" is required'
        return
    for name in names:
        if value.get(name) is None:
            yield f'"{place}.{name}" is required'


# --- warnings -------------------------------------------------------------------------------------------------------


def _known_task(card: dict[str, Any]) -> Iterator[str]:
    task = card.get("pipeline_tag")
    if isinstance(task, str) and task not in TASKS:
        yield f'The pipeline tag "{task[:_SHORT]}" is not in the official list: {", ".join(sorted(TASKS))}'


def _named_license(card: dict[str, Any]) -> Iterator[str]:
    if card.get("license") == "other" and not card.get("license_name"):
        yield 'a license "other" should be named in "license_name"'


_HINTS: list[Check] = [_known_task, _named_license]
