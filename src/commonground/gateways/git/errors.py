"""Refusals as git shows them: plain text, and a challenge wherever credentials may help."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from commonground.errors import (
    CommongroundError,
    GatedRepository,
    RepositoryMoved,
    RepositoryNotFound,
    Unauthenticated,
)
from commonground.http.moved import moved_address
from commonground.http.responses import error_headers, language


def render_error(request: Request, error: CommongroundError) -> Response:
    """The answer to a refused request. git sends credentials only after a 401: what an anonymous caller does not find
    may be private.
    """
    if isinstance(error, RepositoryMoved):
        return PlainTextResponse(
            f"{error}\n", 307, {"Location": moved_address(request, str(error.details["repository"]))}
        )
    if isinstance(error, RepositoryNotFound | GatedRepository) and "authorization" not in request.headers:
        error = Unauthenticated()
    return PlainTextResponse(f"{error.message(language(request))}\n", error.status, error_headers(error))
