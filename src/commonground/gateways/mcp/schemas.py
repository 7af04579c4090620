"""JSON Schemas of tools, from their types."""

from typing import Any

import msgspec


def object_schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The schema of ``kind`` with ``type: object`` at its root, as the protocol asks for; others below ``$defs``."""
    [whole], definitions = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    name = whole["$ref"].rpartition("/")[2]
    root: dict[str, Any] = definitions.pop(name)
    return {**root, "$defs": definitions} if definitions else root
