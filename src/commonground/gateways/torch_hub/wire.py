"""How ``torch.hub`` names a checkpoint: ``resnet18-5c106cde.pth`` ends in the first digits of its SHA-256."""

import re

import msgspec

DIGITS = 8
"""Digits of a hash that are written into a name."""

_NAMED = re.compile(r"(?P<stem>.+)-(?P<digits>[0-9a-f]{8,64})(?P<ending>(?:\.[A-Za-z0-9_]+){1,2})\Z", re.DOTALL)
_PLAIN = re.compile(r"(?P<stem>.+?)(?P<ending>\.[A-Za-z0-9_]+|\.[A-Za-z0-9_]+\.tar)\Z", re.DOTALL)


class Alias(msgspec.Struct, frozen=True):
    """A path with a hash in it: ``path`` is the one without, ``digits`` how the SHA-256 of its content must begin."""

    path: str
    digits: str


def read_alias(path: str) -> Alias | None:
    """What a path says about its content; ``None`` where its name holds no hash."""
    folder, slash, name = path.rpartition("/")
    match = _NAMED.match(name)
    return Alias(f"{folder}{slash}{match['stem']}{match['ending']}", match["digits"]) if match else None


def write_alias(path: str, sha256: str) -> str | None:
    """``path`` with the beginning of ``sha256`` in its name; ``None`` for a name without an ending."""
    folder, slash, name = path.rpartition("/")
    match = _PLAIN.match(name)
    return f"{folder}{slash}{match['stem']}-{sha256[:DIGITS]}{match['ending']}" if match else None
