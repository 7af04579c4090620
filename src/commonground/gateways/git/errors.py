"""Refusals as git shows them: plain text, and a challenge wherever credentials may help."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from commonground.errors import CommongroundError, RepositoryMoved
from commonground.http.addresses import moved_location
from commonground.http.git_addresses import challenge
from commonground.http.responses import error_headers, language


def render_error(request: Request, error: CommongroundError) -> Response:
    """The answer to a refused request."""
    if isinstance(error, RepositoryMoved):
        return PlainTextResponse(f"{error}\n", 307, moved_location(request, error))
    error = challenge(request, error)
    return PlainTextResponse(f"{error.message(language(request))}\n", error.status, error_headers(error))
