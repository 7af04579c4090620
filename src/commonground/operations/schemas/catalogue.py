"""Which schemas there are. A version never changes once it is released."""

from typing import Any, Literal

import msgspec

from commonground.operations.schemas.card import CardMetadata
from commonground.operations.schemas.manifest import Manifest

Name = Literal["card", "manifest"]
_TYPES: dict[tuple[str, str], Any] = {("card", "v1"): CardMetadata, ("manifest", "v1"): Manifest}
NAMES = tuple(name for name, _ in _TYPES)


def schema(name: str, version: str, origin: str = "") -> dict[str, Any] | None:
    """The JSON Schema (2020-12) of a document; its ``$id`` is the address below ``origin``. ``None`` for no such one."""
    kind = _TYPES.get((name, version))
    if kind is None:
        return None
    made = msgspec.json.schema(kind)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{origin}/schemas/{name}/{version}.json"}
    return {**head, **made}
