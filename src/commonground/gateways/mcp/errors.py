"""Failures as JSON-RPC has them."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import CommongroundError
from commonground.gateways.mcp.wire import INTERNAL_ERROR, INVALID_REQUEST, RpcError, failure
from commonground.http.responses import error_headers, json_response, language


def told(error: CommongroundError, chosen: str = "en") -> str:
    """What an assistant is told: code, what happened, and what to do about it."""
    text = f"{error.code}: {error.message(chosen)}"
    return f"{text} To do: {error.remedy}." if error.remedy else text


def render_error(request: Request, error: CommongroundError) -> Response:
    """The refusal of a whole request, before or beside any message."""
    code = INTERNAL_ERROR if error.status >= 500 else INVALID_REQUEST
    body = failure(None, RpcError(code, error.message(language(request)), {"code": error.code}))
    headers = error_headers(error)
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="Commonground"'
    return json_response(body, error.status, headers)
