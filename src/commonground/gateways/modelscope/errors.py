"""Refusals as the client understands them: it looks at the HTTP status, then at a business code."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from commonground import errors
from commonground.errors import CommongroundError
from commonground.http.addresses import moved_location, raw_path
from commonground.http.responses import error_body, error_headers, json_response, request_id

OPEN = "/openapi/"

_KNOWN_STATUSES = frozenset({400, 401, 403, 404, 405, 409, 413, 416, 429})

_CODES: dict[type[CommongroundError], int] = {
    errors.InvalidCredentials: 10010103009,
    errors.RepositoryExists: 10010101001,
    errors.StaleParent: 10030000001,
}
"""The business codes the client acts on: it signs in again, goes on with what exists, repeats a commit."""

_NAMES: dict[int, str] = {
    400: "InputParameterError",
    401: "InvalidAuthentication",
    403: "OperationNotAllowed",
    404: "ResourceNotFound",
    409: "DuplicateEntity",
    413: "InputParameterError",
    429: "RateLimitExceed",
}
"""What the errors below ``/openapi/v1`` are called, by status."""


def render_error(request: Request, error: CommongroundError) -> Response:
    """The envelope of the interface that was called. ``ErrorCode`` is the stable code of this server's own errors."""
    if isinstance(error, errors.RepositoryMoved) and (location := moved_location(request, error)):
        return Response(status_code=307, headers=location)
    status = _status(error.status)
    text = error_body(request, error)
    write = _open_body if raw_path(request).startswith(OPEN) else _body
    return json_response(write(request, error, status, text), status, error_headers(error))


def _status(status: int) -> int:
    """A status the client has a class for: to it every other refusal is an invalid parameter."""
    return status if status >= 500 or status in _KNOWN_STATUSES else 400


def _body(request: Request, error: CommongroundError, status: int, text: dict[str, str]) -> dict[str, Any]:
    return {
        "Code": _CODES.get(type(error), status),
        "Success": False,
        "Message": text["error"],
        "RequestId": request_id(request),
        "ErrorCode": text["code"],
    }


def _open_body(request: Request, error: CommongroundError, status: int, text: dict[str, str]) -> dict[str, Any]:
    return {
        "success": False,
        "code": _NAMES.get(status, "InternalServerError" if status >= 500 else "InputParameterError"),
        "message": text["error"],
        "request_id": request_id(request),
        "error_code": text["code"],
    }
