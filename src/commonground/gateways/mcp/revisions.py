"""The revisions of the protocol that are spoken, and which of them a message belongs to.

Until 2025-11-25 a client shakes hands (``initialize``) and names the agreed revision in a header. Since 2026-07-28 every
request says for itself which revision it is written in, in ``_meta`` and again in headers that have to agree.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from commonground.gateways.mcp.wire import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    UNSUPPORTED_VERSION,
    Message,
    RpcError,
)

HANDSHAKE = ("2025-06-18", "2025-11-25")
STATELESS = ("2026-07-28",)
SPOKEN = (*HANDSHAKE, *STATELESS)

VERSION_HEADER = "mcp-protocol-version"
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_ENCODED = re.compile(r"=\?base64\?(.*)\?=\Z")


def agreed(offered: object) -> str:
    """The revision an ``initialize`` is answered with: the one offered, or the newest that shakes hands."""
    return offered if isinstance(offered, str) and offered in HANDSHAKE else HANDSHAKE[-1]


def is_stateless(message: Message, headers: Mapping[str, str]) -> bool:
    """Whether a message is written in a revision without handshake.

    :class:`RpcError` for a revision that is not spoken, and where headers and message do not agree.
    """
    named = headers.get(VERSION_HEADER)
    if named is not None and named not in SPOKEN:
        raise _unsupported(named)
    if named not in STATELESS and VERSION_KEY not in message.meta:
        return False
    if not isinstance(message.id, (int, str)):
        return True  # a notification: no more is asked of it
    _check(message, headers)
    return True


def _check(message: Message, headers: Mapping[str, str]) -> None:
    """Revision 2026-07-28, "Streamable HTTP", "Server validation"."""
    missing = [key for key in (VERSION_KEY, CAPABILITIES_KEY) if key not in message.meta]
    if missing:
        raise RpcError(INVALID_PARAMS, f"params._meta lacks {', '.join(missing)}")
    version = message.meta[VERSION_KEY]
    if headers.get(VERSION_HEADER) != version:
        raise RpcError(HEADER_MISMATCH, "MCP-Protocol-Version and params._meta name different revisions")
    if headers.get("mcp-method") != message.method:
        raise RpcError(HEADER_MISMATCH, "Mcp-Method does not name the method of the message")
    key = _NAMED.get(message.method)
    named = message.arguments.get(key) if key else None
    if named is not None and decoded(headers.get("mcp-name")) != named:
        raise RpcError(HEADER_MISMATCH, f"Mcp-Name does not name the {key} of the message")
    if version not in STATELESS:
        raise _unsupported(version)


def decoded(value: str | None) -> str | None:
    """The value of a header, which may be written as ``=?base64?...?=``; ``None`` where that cannot be read."""
    match = _ENCODED.match(value or "")
    if match is None:
        return value
    try:
        return base64.b64decode(match[1], validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _unsupported(version: Any) -> RpcError:
    data = {"supported": list(SPOKEN), "requested": str(version)[:100]}
    return RpcError(UNSUPPORTED_VERSION, "this revision of the protocol is not spoken", data)
