"""JSON answers and the default error envelope."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import CommongroundError

REQUEST_ID = "commonground.request_id"
"""Where the scope of a request keeps the id that logs and answers show."""

_encoder = msgspec.json.Encoder()


def request_id(request: Request) -> str:
    """The id under which logs show this request; it is in ``X-Request-Id`` of the answer, too."""
    return str(request.scope.get(REQUEST_ID, ""))


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """``value`` (plain data or msgspec structs) as ``application/json``."""
    return Response(_encoder.encode(value), status, headers, media_type="application/json")


def language(request: Request) -> str:
    """``"zh"`` if the caller prefers Chinese, else ``"en"``."""
    first = request.headers.get("accept-language", "").split(",")[0].strip().lower()
    return "zh" if first.startswith("zh") else "en"


def error_body(request: Request, error: CommongroundError) -> dict[str, str]:
    """``{"error": text, "code": "CG-1234"}`` in the caller's language."""
    return {"error": error.message(language(request)), "code": error.code}


def json_error(request: Request, error: CommongroundError) -> Response:
    """The default envelope of an error."""
    return json_response(error_body(request, error), error.status, error_headers(error))


def error_headers(error: CommongroundError) -> dict[str, str]:
    """Headers HTTP asks for with some statuses."""
    headers = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="Commonground", charset="UTF-8"'
    if error.status == 405:
        headers["Allow"] = str(error.details.get("allowed", ""))
    if error.status == 416:
        headers["Content-Range"] = f"bytes */{error.details.get('size', '*')}"
    if error.status in {429, 503}:
        headers["Retry-After"] = str(error.details.get("seconds", 5))
    return headers
