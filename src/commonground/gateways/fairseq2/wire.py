"""Asset cards of fairseq2 (0.8): what a repository says of itself, and the card that follows from it."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from commonground.errors import BadRequest

SECTION = "fairseq2"
"""The front matter of a repository that is a fairseq2 model has a section of this name."""

MEDIA_TYPE = "application/yaml"
DEPTH = 20
"""How deep a configuration may be nested."""

Address: TypeAlias = Callable[[str], str]
"""From a path of the repository to where it is downloaded."""

_Config: TypeAlias = dict[str, Any]
_WORDS = ("base", "model_family", "model_arch", "tokenizer_family", "tokenizer_ref", "checkpoint_path",
          "tokenizer_path")  # fmt: skip
_CONFIGS = ("model_config_overrides", "model_config_override", "model_config", "tokenizer_config_overrides",
            "tokenizer_config_override", "tokenizer_config")  # fmt: skip
_FILES = ("checkpoint", "tokenizer")


class Section(msgspec.Struct, frozen=True, omit_defaults=True):
    """The section ``fairseq2:``. ``checkpoint`` and ``tokenizer`` are paths of the repository; ``name`` is that of a
    model fairseq2 knows already, for which this one may be taken. The others mean what they mean to fairseq2.

    ``restrict`` is not among them: whether a checkpoint may run code is not for its author to say.
    """

    name: str | None = None
    base: str | None = None
    model_family: str | None = None
    model_arch: str | None = None
    model_config: _Config | None = None
    model_config_override: _Config | None = None
    model_config_overrides: _Config | None = None
    checkpoint: str | None = None
    checkpoint_path: str | None = None
    tokenizer: str | None = None
    tokenizer_path: str | None = None
    tokenizer_family: str | None = None
    tokenizer_ref: str | None = None
    tokenizer_config: _Config | None = None
    tokenizer_config_override: _Config | None = None
    tokenizer_config_overrides: _Config | None = None


def read_section(card: Mapping[str, Any]) -> Section:
    """The section of a front matter; :class:`BadRequest` says what is wrong with it."""
    try:
        section = msgspec.convert(card.get(SECTION), Section)
    except msgspec.ValidationError as error:
        raise BadRequest(reason=f"{SECTION}: {error}") from None
    if section.model_family is None and section.base is None:
        raise BadRequest(reason=f"{SECTION}: model_family is missing")
    for name in _FILES:
        _check_path(name, getattr(section, name))
    for name in ("name", "base"):
        _check_name(name, getattr(section, name))
    for name in (*_WORDS, *_CONFIGS):
        _check_value(name, getattr(section, name))
    return section


def write_card(name: str, section: Section, address: Address) -> dict[str, Any]:
    """The card of a repository, its files by their addresses. Checkpoints never run code."""
    card: dict[str, Any] = {"name": name}
    for field in (*_WORDS, *_CONFIGS, *_FILES):
        value = getattr(section, field)
        if value is not None:
            card[field] = address(value) if field in _FILES else value
    return card | {"restrict": True}


def encode_document(card: Mapping[str, Any]) -> bytes:
    """A card as a document of a YAML stream. JSON is YAML of which all versions agree what it means."""
    return b"---\n" + msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n"


def encode_remark(text: str) -> bytes:
    """A line for people."""
    return "".join(["# ", *(c if c.isprintable() else " " for c in text), "\n"]).encode()


def _check_path(field: str, path: str | None) -> None:
    if path is not None and ({"", ".", ".."} & set(path.split("/")) or ":" in path or not path.isprintable()):
        raise BadRequest(reason=f"{SECTION}: {field} must be a path of the repository")


def _check_name(field: str, name: str | None) -> None:
    if name is not None and (not name.strip() or "@" in name or not name.isprintable()):
        raise BadRequest(reason=f"{SECTION}: {field} cannot be the name of a model")


def _check_value(field: str, value: Any, depth: int = DEPTH) -> None:
    """Refuse what fairseq2 would replace by something of the machine it runs on: ``${env:HOME}``."""
    if depth == 0 or (isinstance(value, str) and "${" in value):
        raise BadRequest(reason=f"{SECTION}: {field} holds what does not belong there")
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    for item in inner:
        _check_value(field, item, depth - 1)
