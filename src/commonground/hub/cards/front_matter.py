"""Reading the YAML block at the top of a README, whoever wrote it.

The block is read event by event into JSON values, with bounds on size, depth and the number of values (aliases count
each time they are used). Scalars follow YAML 1.2: ``no`` is text, dates stay as written.
"""

import re
from typing import Any

import yaml

from commonground.hub.cards.model import Card

BLOCK_LIMIT = 2**20
DEPTH = 48
VALUES = 200_000

_OPENING = re.compile(r"\ufeff?\s*---[ \t]*(?:\r\n|\r|\n)")
_CLOSING = re.compile(r"(?:^|\r\n|\r|\n)---[ \t]*(?:\r\n|\r|\n|\Z)")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}\Z|0x[0-9a-fA-F]{1,15}\Z|0o[0-7]{1,20}\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,400}|[0-9]{1,400}(?:\.[0-9]{0,400})?)(?:[eE][-+]?[0-9]{1,4})?\Z")
_WORDS = {"": None, "~": None} | {
    spelling: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for spelling in (word, word.capitalize(), word.upper())
}


class UnreadableBlock(ValueError):
    """The block is not YAML, not a mapping, or beyond a bound; the message is meant for its author."""


def read_card(content: str) -> Card:
    """The card in a README. A broken block is told in ``problem``, never raised."""
    opening = _OPENING.match(content)
    closing = _CLOSING.search(content, opening.end()) if opening else None
    if opening is None or closing is None:
        return Card(body=content)
    block, body = content[opening.end() : closing.start()], content[closing.end() :]
    try:
        return Card(parse_block(block), body, has_metadata=bool(block.strip()))
    except UnreadableBlock as error:
        return Card({}, body, has_metadata=True, problem=str(error))


def parse_block(block: str) -> dict[str, Any]:
    """The mapping a YAML text describes, as JSON values. Raises :class:`UnreadableBlock`."""
    if len(block) > BLOCK_LIMIT:
        raise UnreadableBlock(f"the metadata block is larger than {BLOCK_LIMIT} characters")
    try:
        value = _Builder().build(block)
    except yaml.YAMLError as error:
        raise UnreadableBlock(f"the metadata block is not valid YAML: {_place(error)}") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UnreadableBlock("the metadata block must be a mapping of names to values")
    return value


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    text = getattr(error, "problem", None) or "unreadable"
    return f"{text} (line {mark.line + 1}, column {mark.column + 1})" if mark else str(text)


class _Open:
    """A collection that is being read."""

    __slots__ = ("anchor", "key", "start", "value")

    def __init__(self, value: dict[str, Any] | list[Any], anchor: str | None, start: int) -> None:
        self.value, self.anchor, self.start = value, anchor, start
        self.key: str | None = None


class _Builder:
    """Turns YAML events into one JSON value."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}  # value, number of values in it
        self._count = 0
        self._root: Any = None

    def build(self, text: str) -> Any:
        documents = 0
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        raise UnreadableBlock("the metadata block holds more than one document")
                case yaml.ScalarEvent():
                    self._put(_scalar(event), event.anchor, 1)
                case yaml.AliasEvent():
                    self._alias(event)
                case yaml.MappingStartEvent():
                    self._start({}, event.anchor)
                case yaml.SequenceStartEvent():
                    self._start([], event.anchor)
                case yaml.CollectionEndEvent():
                    done = self._open.pop()
                    self._put(done.value, done.anchor, self._count - done.start, counted=True)
        return self._root

    def _start(self, value: dict[str, Any] | list[Any], anchor: str | None) -> None:
        if len(self._open) >= DEPTH:
            raise UnreadableBlock(f"the metadata block is nested more than {DEPTH} deep")
        if self._open and isinstance(self._open[-1].value, dict) and self._open[-1].key is None:
            raise UnreadableBlock("a name in the metadata block must be a plain word, not a list or mapping")
        self._open.append(_Open(value, anchor, self._count))

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise UnreadableBlock(f"the alias *{event.anchor} has no anchor")
        value, size = self._anchors[event.anchor]
        self._put(value, None, size)

    def _put(self, value: Any, anchor: str | None, size: int, *, counted: bool = False) -> None:
        self._count += 1 if counted else size
        if self._count > VALUES:
            raise UnreadableBlock(f"the metadata block holds more than {VALUES} values")
        if anchor:
            self._anchors[anchor] = (value, size + 1)
        if not self._open:
            self._root = value
            return
        top = self._open[-1]
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key is None:
            top.key = _name(value)
            if top.key in top.value:
                raise UnreadableBlock(f"the name {top.key[:80]!r} appears twice in the metadata block")
        else:
            _assign(top.value, top.key, value)
            top.key = None


def _name(value: Any) -> str:
    if isinstance(value, dict | list):
        raise UnreadableBlock("a name in the metadata block must be a plain word, not a list or mapping")
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


def _assign(mapping: dict[str, Any], name: str, value: Any) -> None:
    if name == "<<" and isinstance(value, dict):
        mapping.update({key: inner for key, inner in value.items() if key not in mapping})
    else:
        mapping[name] = value


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.tag in {None, "!"} and event.implicit[0]:
        return _plain(text)
    if event.tag in {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool"}:
        return _plain(text)
    return text


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text, 0) if text[:2] in {"0x", "0o"} else int(text)
    if _FLOAT.match(text):
        return float(text) if abs(float(text)) != float("inf") else text
    return text
