"""The envelopes of all answers: ``Code``, ``Success``, ``Data`` below ``/api/v1``, ``success``, ``data`` below
``/openapi/v1``.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from commonground.http.responses import json_response, request_id


def answer(request: Request, data: Any, **more: Any) -> Response:
    """A success below ``/api/v1``; ``more`` stands beside the data."""
    body = {"Code": 200, "Success": True, "Message": "success", "RequestId": request_id(request), "Data": data}
    return json_response(body | more)


def open_answer(request: Request, data: Any) -> Response:
    """A success below ``/openapi/v1``."""
    return json_response({"success": True, "request_id": request_id(request), "data": data})
