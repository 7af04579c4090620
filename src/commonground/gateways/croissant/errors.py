"""How a failure is answered: Croissant says nothing of it, so in the way of the API of this hub."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import CommongroundError, RepositoryMoved
from commonground.http.addresses import moved_location
from commonground.http.responses import error_body, error_headers, json_response


def render_error(request: Request, error: CommongroundError) -> Response:
    """``{"error", "code"}``; for a moved repository the way to its new place."""
    headers = error_headers(error)
    if isinstance(error, RepositoryMoved):
        headers |= moved_location(request, error)
    return json_response(error_body(request, error), error.status, headers)
