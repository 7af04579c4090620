"""What pages say of a run: its specification, the end of its log, and the numbers of addresses."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import yaml

from commonground.compute.runs.model import LogBlock, Run, Spec
from commonground.errors import RunNotFound

LINES, CHARACTERS = 200, 16_000
"""How much of a log a page shows."""

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_OVERWRITTEN = re.compile(r"[^\n]*\r(?!\n)")
_DEFAULTS = msgspec.to_builtins(Spec())


def run_number(text: str) -> int:
    """The id of a run in an address; :class:`RunNotFound` for what is none."""
    if not is_number(text):
        raise RunNotFound(run=text[:40])
    return int(text)


def is_number(text: str) -> bool:
    """Whether a text is a number that may be an id."""
    return text.isascii() and text.isdigit() and len(text) < 19


def spec_text(run: Run) -> str:
    """The specification as YAML, without what it leaves at its default; the inputs are pinned."""
    plain = _without_defaults(msgspec.to_builtins(run.spec), _DEFAULTS)
    document = {"name": run.name, "kind": run.kind, **plain, "seed": run.seed}
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as people do."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _without_defaults(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in given.items():
        default = defaults.get(name)
        if isinstance(value, dict) and isinstance(default, dict) and default:
            value = _without_defaults(value, default)
            default = {}
        if value != default:
            found[name] = value
    return found


def options(run: Run) -> dict[str, str]:
    """The specification as one level of names (``resources.workers``) and values; with the seed and the engine."""
    plain = msgspec.to_builtins(run.spec)
    return dict(_flat({**plain, "seed": run.seed}, ""))


def _flat(value: Any, name: str) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for inner, item in value.items():
            yield from _flat(item, f"{name}.{inner}" if name else str(inner))
    elif value is not None and value != {}:
        yield name, value if isinstance(value, str) else msgspec.json.encode(value).decode()


def plain(text: str) -> str:
    """Output as it would be read on a terminal that knows neither colours nor going back."""
    return _OVERWRITTEN.sub("", _ESCAPES.sub("", text))


def log_end(blocks: Iterable[LogBlock]) -> list[tuple[str, str]]:
    """The last lines of the blocks, as pairs of stream and text."""
    found: list[tuple[str, str]] = []
    lines, characters = LINES, CHARACTERS
    for block in reversed(list(blocks)):
        kept = plain(block.text)[-characters:].splitlines(keepends=True)[-lines:]
        found.append((block.stream, "".join(kept)))
        lines, characters = lines - len(kept), characters - sum(map(len, kept))
        if lines <= 0 or characters <= 0:
            break
    return found[::-1]
