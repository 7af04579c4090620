"""What every method of the protocol answers."""

from collections.abc import Awaitable, Callable
from typing import Any

import commonground
from commonground.gateways.mcp import resources
from commonground.gateways.mcp.revisions import SPOKEN, agreed
from commonground.gateways.mcp.tools import catalogue
from commonground.gateways.mcp.tools.model import Caller
from commonground.gateways.mcp.wire import METHOD_NOT_FOUND, Message, RpcError

Method = Callable[[Caller, dict[str, Any]], Awaitable[dict[str, Any]]]

SERVER = {"name": "commonground", "title": "Commonground", "version": commonground.__version__}
CAPABILITIES: dict[str, dict[str, Any]] = {"tools": {}, "resources": {}, "prompts": {}}
INSTRUCTIONS = (
    "A hub of models and data sets. Find repositories with search_repositories, read what they are with read_card, "
    "look into them with list_files and read_file. A repository is named owner/name and has a kind "
    "(model, dataset, space, kernel). Everything is read-only."
)
FRESH_MS = 60_000
"""How long a list of what this server offers may be kept."""


async def answer(caller: Caller, message: Message, *, stateless: bool) -> dict[str, Any]:
    """The result of a request; :class:`RpcError` for one that fails or asks for an unknown method."""
    method = (_STATELESS if stateless else _HANDSHAKE).get(message.method)
    if method is None:
        raise RpcError(METHOD_NOT_FOUND, f"unknown method: {message.method[:100]}")
    found = await method(caller, message.arguments)
    return {**found, "resultType": "complete", **_keeping(message.method)} if stateless else found


def _keeping(method: str) -> dict[str, Any]:
    """How long, and for whom, an answer may be kept; resources depend on who asks."""
    if method in {"server/discover", "tools/list", "prompts/list", "resources/templates/list"}:
        return {"ttlMs": FRESH_MS, "cacheScope": "public"}
    return {"ttlMs": 0, "cacheScope": "private"} if method.startswith("resources/") else {}


async def _initialize(_caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    return {
        "protocolVersion": agreed(params.get("protocolVersion")),
        "capabilities": CAPABILITIES,
        "serverInfo": SERVER,
        "instructions": INSTRUCTIONS,
    }


async def _discover(_caller: Caller, _params: dict[str, Any]) -> dict[str, Any]:
    return {
        "supportedVersions": list(SPOKEN),
        "capabilities": CAPABILITIES,
        "instructions": INSTRUCTIONS,
        "_meta": {"io.modelcontextprotocol/serverInfo": SERVER},
    }


async def _ping(_caller: Caller, _params: dict[str, Any]) -> dict[str, Any]:
    return {}


async def _tools(_caller: Caller, _params: dict[str, Any]) -> dict[str, Any]:
    return {"tools": catalogue.listed()}


async def _call(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    return await catalogue.call(caller, params.get("name"), params.get("arguments"))


async def _resources(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    return await resources.listed(caller, params.get("cursor"))


async def _templates(_caller: Caller, _params: dict[str, Any]) -> dict[str, Any]:
    return {"resourceTemplates": resources.TEMPLATES}


async def _read(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    return await resources.read(caller, params.get("uri"), stateless=False)


async def _read_stateless(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    return await resources.read(caller, params.get("uri"), stateless=True)


async def _prompts(_caller: Caller, _params: dict[str, Any]) -> dict[str, Any]:
    return {"prompts": []}


_COMMON: dict[str, Method] = {
    "tools/list": _tools,
    "tools/call": _call,
    "resources/list": _resources,
    "resources/templates/list": _templates,
    "prompts/list": _prompts,
}
_HANDSHAKE: dict[str, Method] = {**_COMMON, "initialize": _initialize, "ping": _ping, "resources/read": _read}
_STATELESS: dict[str, Method] = {**_COMMON, "server/discover": _discover, "resources/read": _read_stateless}
