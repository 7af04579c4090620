"""How to let an assistant use the hub."""

import json

from commonground.http.gateway import Snippet, Use


def snippets(use: Use) -> list[Snippet]:
    """The entry of an assistant's configuration file."""
    entry: dict[str, object] = {"type": "http", "url": f"{use.origin}/mcp"}
    if use.repository.visibility != "public":
        entry["headers"] = {"Authorization": "Bearer hf_..."}
    return [Snippet("MCP", "json", json.dumps({"mcpServers": {"commonground": entry}}, indent=2))]
