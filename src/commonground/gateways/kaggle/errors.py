"""Refusals as ``kagglesdk`` reads them: ``{"code": 404, "message": ...}``, the code being the HTTP status."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import CommongroundError, RepositoryMoved
from commonground.http.addresses import moved_location
from commonground.http.responses import error_headers, json_response, language


def render_error(request: Request, error: CommongroundError) -> Response:
    """The answer to a failed call. The client compares ``code`` with numbers, so ours (``CG-...``) is in the text."""
    if isinstance(error, RepositoryMoved) and (location := moved_location(request, error)):
        return Response(status_code=307, headers=location)
    body = {"code": error.status, "message": f"{error.message(language(request))} [{error.code}]"}
    return json_response(body, error.status, error_headers(error))
