"""Refusals as git-lfs and the Hugging Face client show them."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import CommongroundError, RepositoryMoved
from commonground.gateways.lfs.wire import MEDIA_TYPE
from commonground.http.addresses import moved_location
from commonground.http.git_addresses import challenge
from commonground.http.responses import error_body, error_headers, json_response


def render_error(request: Request, error: CommongroundError) -> Response:
    """``{"message": ..., "error": ..., "code": ...}``."""
    if isinstance(error, RepositoryMoved):
        return Response(status_code=307, headers=moved_location(request, error))
    error = challenge(request, error)
    body = error_body(request, error)
    headers = error_headers(error) | {"Content-Type": MEDIA_TYPE}
    if error.status == 401:
        headers["LFS-Authenticate"] = headers["WWW-Authenticate"]
    return json_response({"message": body["error"], **body}, error.status, headers)
