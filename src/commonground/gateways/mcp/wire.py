"""Messages of JSON-RPC 2.0 as the Model Context Protocol uses them: one request or notification a body."""

from typing import Annotated, Any, Literal

import msgspec

from commonground.errors import BadRequest
from commonground.http.bodies import decode_json

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
RESOURCE_NOT_FOUND = -32002
"""Until revision 2025-11-25; later ones say :data:`INVALID_PARAMS`."""
HEADER_MISMATCH = -32020
UNSUPPORTED_VERSION = -32022

BODY_LIMIT = 2**20
"""Bytes of the longest message."""

STATUS = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    HEADER_MISMATCH: 400,
    UNSUPPORTED_VERSION: 400,
    METHOD_NOT_FOUND: 404,
}
"""HTTP status of an error of revision 2026-07-28; before, the answer to a sound message is always 200."""

Id = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | str


class Message(msgspec.Struct):
    """A request, or, without ``id``, a notification."""

    jsonrpc: Literal["2.0"]
    method: str
    id: Id | msgspec.UnsetType = msgspec.UNSET
    params: dict[str, Any] | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """The parameters; none is the same as an empty object."""
        return self.params or {}

    @property
    def meta(self) -> dict[str, Any]:
        """What travels beside the parameters, since 2026-07-28 with every request."""
        found = self.arguments.get("_meta")
        return found if isinstance(found, dict) else {}


class RpcError(Exception):
    """The failure of one message: a code, a sentence, and more about it."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


def decode(body: bytes) -> Message:
    """The message in ``body``; :class:`RpcError` for anything else, a batch included."""
    try:
        value = decode_json(body, msgspec.Raw)
    except BadRequest as error:
        raise RpcError(PARSE_ERROR, str(error)) from None
    try:
        message = decode_json(value, Message)
    except BadRequest as error:
        raise RpcError(INVALID_REQUEST, f"not a single request or notification: {error}") from None
    if _holds_nul(message.arguments):
        raise RpcError(INVALID_PARAMS, "a parameter holds a NUL")
    return message


def _holds_nul(value: Any) -> bool:  # PostgreSQL cannot even be asked for it
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))


def result(identity: Id, value: Any) -> dict[str, Any]:
    """The answer to a request."""
    return {"jsonrpc": "2.0", "id": identity, "result": value}


def failure(identity: Id | None, error: RpcError) -> dict[str, Any]:
    """The refusal of a request; ``identity`` is ``None`` where it could not be read."""
    told: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.data is not None:
        told["data"] = error.data
    return {"jsonrpc": "2.0", "id": identity, "error": told}
