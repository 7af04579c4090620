"""All tools, and calling one."""

import msgspec

from commonground.errors import BadRequest, CommongroundError
from commonground.gateways.mcp.errors import told
from commonground.gateways.mcp.schemas import object_schema
from commonground.gateways.mcp.tools import files, history, lineage, repositories
from commonground.gateways.mcp.tools.model import Caller, Tool
from commonground.gateways.mcp.wire import INVALID_PARAMS, RpcError

TOOLS: dict[str, Tool] = {
    tool.name: tool for tool in (*repositories.tools(), *files.tools(), *history.tools(), *lineage.tools())
}


def listed() -> list[dict[str, object]]:
    """The tools as clients see them, with the schemas of what they take and give."""
    return [
        {
            "name": tool.name,
            "title": tool.title,
            "description": tool.description,
            "inputSchema": object_schema(tool.takes),
            "outputSchema": object_schema(tool.gives),
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        }
        for tool in TOOLS.values()
    ]


async def call(caller: Caller, name: object, arguments: object) -> dict[str, object]:
    """The result of ``tools/call``. What an assistant can put right is a result with ``isError``; an unknown tool is
    an :class:`RpcError`.
    """
    tool = TOOLS.get(name) if isinstance(name, str) else None
    if tool is None:
        raise RpcError(INVALID_PARAMS, f"unknown tool: {str(name)[:100]}")
    try:
        try:
            asked = msgspec.convert({} if arguments is None else arguments, tool.takes)
        except msgspec.ValidationError as error:
            raise BadRequest(reason=f"the arguments do not fit: {error}") from None
        found = await tool.call(caller, asked)
    except CommongroundError as error:
        if error.status >= 500:
            raise
        return {"content": [_text(told(error))], "isError": True}
    value = msgspec.to_builtins(found)
    shown = tool.text(found) if tool.text else msgspec.json.encode(found).decode()
    return {"content": [_text(shown)], "structuredContent": value}


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}
