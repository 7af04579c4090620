"""Refusals as git-lfs and the Hugging Face client show them."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import (
    CommongroundError,
    GatedRepository,
    RepositoryMoved,
    RepositoryNotFound,
    Unauthenticated,
)
from commonground.gateways.lfs.wire import MEDIA_TYPE
from commonground.http.moved import moved_address
from commonground.http.responses import error_body, error_headers, json_response


def render_error(request: Request, error: CommongroundError) -> Response:
    """``{"message": ..., "error": ..., "code": ...}``. Clients send credentials only after a 401, so what an anonymous
    caller does not find may be private.
    """
    if isinstance(error, RepositoryMoved):
        return Response(status_code=307, headers={"Location": moved_address(request, str(error.details["repository"]))})
    if isinstance(error, RepositoryNotFound | GatedRepository) and "authorization" not in request.headers:
        error = Unauthenticated()
    body = error_body(request, error)
    headers = error_headers(error) | {"Content-Type": MEDIA_TYPE}
    if error.status == 401:
        headers["LFS-Authenticate"] = headers["WWW-Authenticate"]
    return json_response({"message": body["error"], **body}, error.status, headers)
