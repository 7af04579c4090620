"""The protocol's error envelope: the client reads ``X-Error-Code`` and ``X-Error-Message`` before any body."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from commonground import errors
from commonground.errors import CommongroundError
from commonground.http.addresses import moved_location
from commonground.http.responses import error_body, error_headers, json_response

_CODES: dict[type[CommongroundError], str] = {
    errors.RepositoryNotFound: "RepoNotFound",
    errors.GatedRepository: "GatedRepo",
    errors.RevisionNotFound: "RevisionNotFound",
    errors.EntryNotFound: "EntryNotFound",
    errors.FileToDeleteNotFound: "EntryNotFound",
}
"""The names the client knows; every other error shows its own stable code."""

MESSAGE_LIMIT = 500


def render_error(request: Request, error: CommongroundError) -> Response:
    """The answer to a failed request, complete in its headers since ``HEAD`` has no body."""
    if isinstance(error, errors.RepositoryMoved):
        return _redirect(request, error)
    status = _status(request, error)
    headers = error_headers(error)
    headers["X-Error-Code"] = _CODES.get(type(error), error.code)
    headers["X-Error-Message"] = _header_text(error.message())
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="Authentication required", charset="UTF-8"'
    if "commit" in error.details:  # lets a client remember that this commit has no such file
        headers["X-Repo-Commit"] = str(error.details["commit"])
    body = error_body(request, error)
    if "url" in error.details:
        body["url"] = str(error.details["url"])
    return json_response(body, status, headers)


def is_anonymous(request: Request) -> bool:
    """Whether the request carries no credentials at all."""
    return "authorization" not in request.headers and "cg_session" not in request.cookies


def _status(request: Request, error: CommongroundError) -> int:
    if isinstance(error, (errors.RepositoryNotFound, errors.GatedRepository)) and is_anonymous(request):
        return 401  # the client's advice for 401 is to sign in: the repository may be private
    if isinstance(error, errors.InvalidPath):
        return 422
    return error.status


def _header_text(message: str) -> str:
    """``message`` in the characters a header may have; others are percent-encoded."""
    return quote(message[:MESSAGE_LIMIT], safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")


def _redirect(request: Request, error: errors.RepositoryMoved) -> Response:
    """A relative 307 to the same place of the repository's new id."""
    if location := moved_location(request, error):
        return Response(status_code=307, headers=location)
    return json_response({"error": error.message()}, 404, {"X-Error-Code": "RepoNotFound"})
