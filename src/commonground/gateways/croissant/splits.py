"""Which files make up which table: from the ``configs`` of the card, else from the names of the files."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from commonground.hub.revisions.patterns import LENGTH_LIMIT, Pattern

TABLES = (".parquet", ".csv", ".tsv", ".jsonl", ".ndjson")
"""Endings of files whose rows can be described."""
CONFIGS, PATTERNS = 100, 300
"""Most configurations of a card, and patterns in all of them, that are followed."""
_WORD = re.compile(
    r"(?:^|[-._ /])(train|training|test|testing|eval|evaluation|validation|valid|val|dev)(?=[-._ /0-9]|$)"
)
_SPLITS = {"training": "train", "testing": "test", "eval": "test", "evaluation": "test", "valid": "validation",
           "val": "validation", "dev": "validation"}  # fmt: skip
DEFAULT, ONLY = "default", "train"


class Group(msgspec.Struct, frozen=True):
    """The files of one split of one configuration, all of one format."""

    config: str
    split: str
    paths: tuple[str, ...]


def groups(card: Mapping[str, Any], paths: Sequence[str]) -> list[Group]:
    """The tables of a repository, in the order of the card, or of the names."""
    tables = [path for path in paths if path.endswith(TABLES)]
    found: list[Group] = []
    left = PATTERNS
    for config in _configs(card):
        wanted = _data_files(config["data_files"]) if "data_files" in config else []
        left -= sum(len(patterns) for _, patterns in wanted)
        if left < 0:
            break
        found += _configured(config, wanted, tables)
    return found or list(_named(tables))


def _configs(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = card.get("configs")
    return [config for config in given[:CONFIGS] if isinstance(config, dict)] if isinstance(given, list) else []


def _configured(
    config: Mapping[str, Any], wanted: Sequence[tuple[str, list[str]]], tables: Sequence[str]
) -> Iterator[Group]:
    name, folder = config.get("config_name"), config.get("data_dir")
    prefix = f"{folder.strip('/')}/" if isinstance(folder, str) and folder.strip("/") else ""
    config_name = name if isinstance(name, str) and name else DEFAULT
    if prefix and "data_files" not in config:
        below = [path for path in tables if path.startswith(prefix)]
        yield from (msgspec.structs.replace(group, config=config_name) for group in _named(below, prefix))
    for split, texts in wanted:
        patterns = _compiled(prefix, texts)
        fitting = [path for path in tables if any(pattern.matches(path.split("/")) for pattern in patterns)]
        yield from _by_format(config_name, split, fitting)


def _data_files(given: Any) -> list[tuple[str, list[str]]]:
    """Splits and their patterns: one pattern, a list of them, or a list of ``{split, path}``."""
    items = given if isinstance(given, list) else [given]
    found: dict[str, list[str]] = {}
    for item in items[:PATTERNS]:
        if isinstance(item, str):
            found.setdefault(ONLY, []).append(item)
        elif isinstance(item, dict) and isinstance(split := item.get("split"), str):
            path = item.get("path")
            found.setdefault(split, []).extend(_texts(path if isinstance(path, list) else [path]))
    return list(found.items())


def _texts(values: list[Any]) -> list[str]:
    return [value for value in values[:PATTERNS] if isinstance(value, str)]


def _compiled(prefix: str, patterns: Sequence[str]) -> list[Pattern]:
    return [
        Pattern(f"/{prefix}{text.removeprefix('./').lstrip('/')}") for text in patterns if len(text) <= LENGTH_LIMIT
    ]


def _named(tables: Sequence[str], prefix: str = "") -> Iterator[Group]:
    """Groups by the split a name tells of; where none does, all files are one group."""
    found: dict[str, list[str]] = {}
    for path in tables:
        words = _WORD.findall(path.removeprefix(prefix).lower())
        split = _SPLITS.get(words[-1], words[-1]) if words else ""
        found.setdefault(split, []).append(path)
    named = {split: members for split, members in found.items() if split} or {ONLY: found.get("", [])}
    for split, members in named.items():
        yield from _by_format(DEFAULT, split, members)


def _by_format(config: str, split: str, paths: Sequence[str]) -> Iterator[Group]:
    """One group; of files in several formats those of the first, which is what loaders do."""
    for ending in TABLES:
        if same := tuple(path for path in paths if path.endswith(ending)):
            yield Group(config, split, same)
            return
