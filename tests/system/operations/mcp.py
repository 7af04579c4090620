"""Tools and resources of the Model Context Protocol: every one of them is a POST to the same address."""

from typing import Any

import httpx

from tests.system.house import METADATA, READ
from tests.system.operations.model import TAG, WEIGHTS, Ask, Operation, leaves_out, names

ROUTE = "POST /mcp"


def operations() -> list[Operation]:
    """All of them."""
    at = {"revision": TAG}
    return [
        _list("tools/call", {"name": "search_repositories", "arguments": {"query": "{name}"}}, "search_repositories"),
        _list(
            "tools/call", {"name": "search_repositories", "arguments": {"owner": "annex", "limit": 50}}, "of an owner"
        ),
        _list("resources/list", {}, "resources/list", shown=False),
        _tool("repository_info", METADATA),
        _tool("read_card", METADATA),
        _tool("read_card", READ, at),
        _tool("declared_lineage", METADATA),
        _tool("list_files", READ),
        _tool("read_file", READ, {"path": WEIGHTS}),
        _tool("list_commits", READ),
        _tool("compare", READ, {"base": "main", "head": TAG}),
        _resource(METADATA, "hub://models/annex/{name}"),
        _resource(READ, f"hub://models/annex/{{name}}@{TAG}"),
        _resource(READ, f"hub://models/annex/{{name}}@main/{WEIGHTS}"),
    ]


def _list(method: str, params: dict[str, Any], title: str, *, shown: bool = True) -> Operation:
    return Operation(
        route=ROUTE,
        need=METADATA,
        call=lambda ask: send(ask, method, params),
        passes=names if shown else _answered,
        refuses=leaves_out,
        title=title,
        hides=True,
    )


def _tool(name: str, need: str, more: dict[str, Any] | None = None) -> Operation:
    params = {"name": name, "arguments": {"repository": "annex/{name}", **(more or {})}}
    return Operation(
        route=ROUTE,
        need=need,
        call=lambda ask: send(ask, "tools/call", params),
        passes=_answered,
        refuses=_says_why,
        title=f"{name} {more or ''}",
    )


def _resource(need: str, uri: str) -> Operation:
    return Operation(
        route=ROUTE,
        need=need,
        call=lambda ask: send(ask, "resources/read", {"uri": uri}),
        passes=_answered,
        refuses=_fails,
        title=uri,
    )


def send(ask: Ask, method: str, params: dict[str, Any]) -> httpx.Response:
    """One message, with the repository's name in its parameters."""
    return ask.send("POST", "/mcp", json={"jsonrpc": "2.0", "id": 1, "method": method, "params": _filled(params, ask)})


def _filled(value: Any, ask: Ask) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, ask) for key, item in value.items()}
    return value.replace("{name}", ask.name) if isinstance(value, str) else value


def _answered(_ask: Ask, answer: httpx.Response) -> bool:
    return answer.status_code == 200 and answer.json()["result"].get("isError") is not True


def _says_why(_ask: Ask, answer: httpx.Response) -> bool:
    """What an assistant reads: a result that is an error, with nothing but its text."""
    found = answer.json().get("result", {})
    return found.get("isError") is True and len(found["content"]) == 1 and "structuredContent" not in found


def _fails(_ask: Ask, answer: httpx.Response) -> bool:
    error = answer.json().get("error", {})
    return bool(error.get("code") == -32002 and error["data"].keys() == {"code"})
