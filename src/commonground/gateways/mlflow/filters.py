"""The language of searches: ``metrics.loss < 0.5 AND params.lr = '0.1'``, ``metrics.loss DESC``."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from commonground.compute.tracking.model import Comparator, Condition, Field, FieldKind, Order
from commonground.errors import InvalidFilter

LONGEST = 10_000
MOST = 100

_KINDS: dict[str, FieldKind] = {
    "metric": "metric", "metrics": "metric",
    "param": "param", "params": "param", "parameter": "param", "parameters": "param",
    "tag": "tag", "tags": "tag",
    "attribute": "attribute", "attributes": "attribute", "attr": "attribute", "run": "attribute",
}  # fmt: skip
_ALIASES = {"created": "start_time", "run name": "run_name"}
_COMPARATORS = frozenset(get_args(Comparator))
_QUOTED = r"`[^`]*`|\"[^\"]*\"|'[^']*'"
_TOKEN = re.compile(
    rf"""\s*(?:
        (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])
      | (?P<comparator><=|>=|!=|<>|=|<|>|(?:NOT\s+)?I?LIKE\b|(?:NOT\s+)?IN\b|IS\s+NOT\s+NULL\b|IS\s+NULL\b)
      | (?P<and>AND\b)
      | (?P<mark>[(),])
      | (?P<text>{_QUOTED}|[A-Za-z_][\w-]*)(?:\.(?P<key>{_QUOTED}|[\w./:-]+))?
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_ORDER = re.compile(r"(?P<field>.*?)(?:\s+(?P<direction>ASC|DESC))?\s*\Z", re.IGNORECASE | re.DOTALL)

Token = tuple[str, str, str]
"""Kind, text, and for a name with a point in it what is behind that."""


def parse_filter(text: str, values: Mapping[str, Mapping[str, str]] | None = None) -> tuple[Condition, ...]:
    """The conditions in a filter. ``values`` says how the words of an attribute are kept here.

    :class:`InvalidFilter` says what cannot be understood.
    """
    tokens = _tokens(text)
    found: list[Condition] = []
    while tokens:
        if found and tokens.pop(0)[0] != "and":
            raise InvalidFilter(reason="comparisons are joined by AND")
        found.append(_translated(_condition(tokens), values or {}))
        if len(found) > MOST:
            raise InvalidFilter(reason=f"there are more than {MOST} comparisons")
    return tuple(found)


def parse_order(texts: Sequence[str]) -> tuple[Order, ...]:
    """What to sort by; :class:`InvalidFilter`."""
    return tuple(_order(text) for text in texts)


def _order(text: str) -> Order:
    match = _ORDER.match(text)
    tokens = _tokens(match["field"]) if match else []
    if match is None or len(tokens) != 1 or tokens[0][0] != "text":
        raise InvalidFilter(reason=f"{text[:100]} is not a field to sort by")
    return Order(_field(tokens[0]), descending=(match["direction"] or "").upper() == "DESC")


def _tokens(text: str) -> list[Token]:
    if len(text) > LONGEST:
        raise InvalidFilter(reason=f"it is longer than {LONGEST} characters")
    found: list[Token] = []
    at, text = 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise InvalidFilter(reason=f"{text[at : at + 50].strip()} is not understood")
        kind = match.lastgroup or ""
        kind = "text" if kind == "key" else kind
        found.append((kind, match[kind], match["key"] or ""))
        at = match.end()
    return found


def _condition(tokens: list[Token]) -> Condition:
    field = _field(_next(tokens, "text"))
    comparator: Any = " ".join(_next(tokens, "comparator")[1].upper().split())
    comparator = "!=" if comparator == "<>" else comparator
    if comparator not in _COMPARATORS:
        raise InvalidFilter(reason=f"{comparator} is no comparison")
    if comparator in {"IS NULL", "IS NOT NULL"}:
        return Condition(field, comparator)
    if comparator in {"IN", "NOT IN"}:
        return Condition(field, comparator, _list(tokens))
    kind, text, key = tokens.pop(0) if tokens else ("", "", "")
    if kind == "number":
        return Condition(field, comparator, float(text))
    if kind != "text" or key or not _is_quoted(text):
        raise InvalidFilter(reason=f"{field.key[:100]} is compared with neither a number nor a quoted text")
    return Condition(field, comparator, text[1:-1])


def _list(tokens: list[Token]) -> tuple[str, ...]:
    found: list[str] = []
    _mark(tokens, "(")
    while True:
        _, text, key = _next(tokens, "text")
        if key or not _is_quoted(text):
            raise InvalidFilter(reason="a list holds quoted texts")
        found.append(text[1:-1])
        if not tokens or tokens[0][1] != ",":
            break
        tokens.pop(0)
    _mark(tokens, ")")
    return tuple(found)


def _next(tokens: list[Token], kind: str) -> Token:
    if not tokens or tokens[0][0] != kind:
        place = f"before {tokens[0][1][:50]}" if tokens else "at the end"
        raise InvalidFilter(reason=f"there is no {'name' if kind == 'text' else kind} {place}")
    return tokens.pop(0)


def _mark(tokens: list[Token], mark: str) -> None:
    if not tokens or tokens.pop(0)[1] != mark:
        raise InvalidFilter(reason=f"a list is written in parentheses: there is no {mark}")


def _field(token: Token) -> Field:
    _, text, key = token
    if not key:
        return _attribute(_plain(text))
    kind = _KINDS.get(_plain(text).lower())
    if kind is None:
        raise InvalidFilter(reason=f"{text[:50]} is none of metrics, params, tags, attributes")
    return _attribute(_plain(key)) if kind == "attribute" else Field(kind, _plain(key))


def _attribute(name: str) -> Field:
    return Field("attribute", _ALIASES.get(name.lower(), name))


def _is_quoted(text: str) -> bool:
    return text[:1] in {"'", '"'}


def _plain(text: str) -> str:
    return text[1:-1] if text[:1] in {"'", '"', "`"} else text


def _translated(condition: Condition, values: Mapping[str, Mapping[str, str]]) -> Condition:
    words = values.get(condition.field.key, {}) if condition.field.kind == "attribute" else {}
    value = condition.value
    if isinstance(value, str):
        value = words.get(value.upper(), value)
    elif isinstance(value, tuple):
        value = tuple(words.get(one.upper(), one) for one in value)
    return Condition(condition.field, condition.comparator, value)
