"""The folder fairseq2 reads asset cards from, filled from a hub."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from commonground.errors import ServerUnreachable
from commonground.sdk.transport import Transport

CARDS = "/api/fairseq2/cards.yaml"
FILE = "commonground.yaml"
"""Holds the cards of one hub. fairseq2 reads none at all where two cards have one name."""


class Fairseq2Methods:
    """Models whose card has a section ``fairseq2``."""

    _transport: Transport

    def install_fairseq2_cards(
        self, directory: "str | os.PathLike[str] | None" = None, *, owner: str = "", seconds: int = 3600
    ) -> Path:
        """Write the asset cards of the hub's models, in place of those written before; the file made.

        ``directory`` is what ``FAIRSEQ2_USER_ASSET_DIR`` names for fairseq2. With ``owner``, only that account's models,
        and they may stand in for models that fairseq2 knows. Addresses of private models last for ``seconds``.
        """
        found: dict[str, dict[str, Any]] = {}
        for card in self._cards({"owner": owner, "seconds": str(seconds)}):
            found.setdefault(card["name"], card)
        folder = asset_directory() if directory is None else Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        return _write(folder / FILE, b"".join(map(_document, found.values())))

    def _cards(self, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        import yaml

        while query:
            answer = self._transport.send("GET", CARDS, extra=query)
            try:
                cards = list(yaml.safe_load_all(answer.content))
            except yaml.YAMLError as error:
                raise self._senseless(error) from None
            if not all(isinstance(card, dict) and isinstance(card.get("name"), str) for card in cards):
                raise self._senseless("a card has no name")
            yield from cards
            query = dict(parse_qsl(urlsplit(answer.links.get("next", {}).get("url", "")).query))

    def _senseless(self, reason: object) -> ServerUnreachable:
        return ServerUnreachable(endpoint=self._transport.endpoint, reason=f"cards that make no sense: {reason}")


def asset_directory() -> Path:
    """Where fairseq2 looks: ``FAIRSEQ2_USER_ASSET_DIR``, else ``fairseq2/assets`` in the user's configuration."""
    configuration = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(os.environ.get("FAIRSEQ2_USER_ASSET_DIR") or Path(configuration, "fairseq2", "assets")).expanduser()


def _document(card: dict[str, Any]) -> bytes:
    """A card in JSON, which every version of YAML reads alike."""
    return b"---\n" + msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n"


def _write(path: Path, content: bytes) -> Path:
    """Readable by its owner only: addresses of private models hold tokens."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        return new.replace(path)
    finally:
        new.unlink(missing_ok=True)
