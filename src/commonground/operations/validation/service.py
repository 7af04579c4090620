"""Finds out what a local file claims to be, and checks it."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from commonground.errors import UnusableFile
from commonground.hub.cards import validation as cards
from commonground.hub.cards.front_matter import UnreadableBlock, parse_block
from commonground.hub.weights.inspection import format_of
from commonground.operations.schemas.catalogue import schema
from commonground.operations.validation import croissant, cyclonedx, json_schema, weights
from commonground.operations.validation.model import PROBLEMS, Problem, Report

LIMIT = 64 * 2**20
"""Most bytes of a document that are read; weight files may have any size."""

Check = Callable[[dict[str, Any]], Iterator[Problem]]


def validate(path: Path, kind: str | None = None) -> Report:
    """The report on a file; ``kind`` is the kind of repository a card is for (``None``: any).

    :class:`UnusableFile` for one that is too large or that claims to be nothing that is known here.
    """
    if (format_ := format_of(path.name)) is not None:
        return weights.check(path, format_)
    if path.stat().st_size > LIMIT:
        raise UnusableFile(path=path, reason=f"it is larger than {LIMIT} bytes")
    content = path.read_bytes().decode("utf-8", "replace")
    if path.suffix.lower() == ".md":
        return _card(content, kind)
    return _document(path, content)


def _card(content: str, kind: str | None) -> Report:
    verdicts = [cards.validate(content, one) for one in ([kind] if kind else ["model", "space"])]
    errors = dict.fromkeys(message for verdict in verdicts for message in verdict.errors)
    warnings = dict.fromkeys(message for verdict in verdicts for message in verdict.warnings)
    return Report(kind="card", problems=_placed(errors), warnings=_placed(warnings))


def _placed(messages: dict[str, None]) -> tuple[Problem, ...]:
    """Messages begin with their place in quotation marks."""
    found = []
    for message in messages:
        place, _, rest = message[1:].partition('" ') if message.startswith('"') else ("", "", message)
        found.append(Problem(place, rest))
    return tuple(found)


def _document(path: Path, content: str) -> Report:
    try:
        value = _decode(path, content)
    except ValueError as error:
        return Report(kind="document", problems=(Problem("", str(error)),))
    kind, check = _claimed(value)
    if check is None:
        raise UnusableFile(path=path, reason="it is no card, Croissant, CycloneDX or document with a known $schema")
    warnings = croissant.recommendations(value) if kind == "croissant" else ()
    return Report(kind=kind, problems=tuple(islice(check(value), PROBLEMS)), warnings=tuple(warnings))


def _decode(path: Path, content: str) -> dict[str, Any]:
    """The mapping in a JSON or YAML file; :class:`ValueError` with the place where it cannot be read."""
    if path.suffix.lower() in {".yaml", ".yml"}:
        return parse_block(content)
    try:
        value = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnreadableBlock(f"it is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise UnreadableBlock("it must be an object")
    return value


def _claimed(value: dict[str, Any]) -> tuple[str, Check | None]:
    """What a document says it is, and how that is checked."""
    if value.get("bomFormat") == "CycloneDX":
        return "cyclonedx", cyclonedx.check
    if "@context" in value and ("conformsTo" in value or "distribution" in value):
        return "croissant", croissant.check
    parts = str(value.get("$schema", "")).rsplit("/", 3)
    found = schema(parts[2], parts[3].removesuffix(".json")) if len(parts) == 4 and parts[1] == "schemas" else None
    if found is None:
        return "", None
    return f"{parts[2]} {parts[3].removesuffix('.json')}", lambda given: json_schema.check(given, found)
