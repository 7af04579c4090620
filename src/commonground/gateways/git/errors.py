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
from commonground.http.responses import error_headers, language


def render_error(request: Request, error: CommongroundError) -> Response:
    """The answer to a refused request. git sends credentials only after a 401: what an anonymous caller does not find
    may be private.
    """
    if isinstance(error, RepositoryMoved):
        return PlainTextResponse(f"{error}\n", 307, {"Location": _moved(request, str(error.details["repository"]))})
    if isinstance(error, RepositoryNotFound | GatedRepository) and "authorization" not in request.headers:
        error = Unauthenticated()
    return PlainTextResponse(f"{error.message(language(request))}\n", error.status, error_headers(error))


def _moved(request: Request, repository: str) -> str:
    """The same address with the repository's new id."""
    raw = (request.scope.get("raw_path") or request.scope["path"].encode()).decode("ascii", "replace")
    segments = raw.strip("/").split("/")
    start = 1 if "kind" in request.path_params else 0
    suffix = ".git" if segments[start + 1].endswith(".git") else ""
    moved = [*segments[:start], f"{repository}{suffix}", *segments[start + 2 :]]
    query = request.scope.get("query_string", b"").decode("ascii", "replace")
    return "/" + "/".join(moved) + (f"?{query}" if query else "")
