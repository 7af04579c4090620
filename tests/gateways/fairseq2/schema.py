"""What fairseq2 0.8.1 makes of a folder of cards: the rules of its ``assets`` package, restated."""

from typing import Any

import yaml

TEXTS = {"base", "model_family", "model_arch", "tokenizer_family", "tokenizer_ref", "checkpoint", "checkpoint_path",
         "tokenizer", "tokenizer_path"}  # fmt: skip
"""Fields read with ``as_(str)``."""
CONFIGS = {
    f"{kind}_{form}" for kind in ("model", "tokenizer") for form in ("config", "config_override", "config_overrides")
}
"""Fields merged into a configuration."""


def load(stream: bytes) -> dict[str, dict[str, Any]]:
    """The cards of a stream by their canonical names; an ``AssertionError`` where fairseq2 would read none at all."""
    cards: dict[str, dict[str, Any]] = {}
    for card in yaml.safe_load_all(stream):
        assert isinstance(card, dict)
        name = card.pop("name")
        assert isinstance(name, str)
        assert name
        parts = [part.strip() for part in name.split("@")]
        assert len(parts) <= 2
        assert parts[0]
        canonical = f"{parts[0]}@{parts[1] if len(parts) == 2 else ''}"
        assert canonical not in cards, "two assets have the same name"
        cards[canonical] = card
        _check(card)
    return cards


def _check(card: dict[str, Any]) -> None:
    assert "@" not in card.get("base", "x").strip()
    for field, value in card.items():
        kind = str if field in TEXTS else dict if field in CONFIGS else bool if field == "restrict" else None
        assert kind is not None, f"fairseq2 knows no field {field}"
        assert isinstance(value, kind), field
    for field in ("checkpoint", "tokenizer"):
        assert card.get(field, "http://").startswith(("http://", "https://"))


def retrieve(cards: dict[str, dict[str, Any]], name: str) -> dict[str, Any] | None:
    """The card of a name, that of the environment ``user`` laid over it."""
    if f"{name}@" not in cards:
        return None
    return cards[f"{name}@"] | cards.get(f"{name}@user", {})
