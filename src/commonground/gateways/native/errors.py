"""Which errors the routes declare, and how a failure is answered."""

from starlette.requests import Request
from starlette.responses import Response

from commonground import errors
from commonground.errors import CommongroundError
from commonground.http.addresses import moved_location
from commonground.http.responses import error_body, error_headers, json_response

Errors = tuple[type[CommongroundError], ...]

FIND: Errors = (
    errors.RepositoryNotFound,
    errors.RepositoryMoved,
    errors.RepositoryDisabled,
    errors.Unauthenticated,
    errors.Forbidden,
)
"""Any route below a repository."""

READ: Errors = (*FIND, errors.GatedRepository, errors.RevisionNotFound, errors.EntryNotFound, errors.InvalidPath)
"""Routes that look into a revision."""

CONTENT: Errors = (*READ, errors.RangeNotSatisfiable, errors.BlobNotFound, errors.StorageUnavailable)
"""Routes that send the bytes of files."""

REFS: Errors = (*FIND, errors.RevisionNotFound, errors.InvalidRef, errors.RefExists)
"""Routes that change branches and tags."""

COMMIT: Errors = (
    *READ,
    errors.StaleParent,
    errors.InvalidRef,
    errors.InvalidCommit,
    errors.ContentMissing,
    errors.FileToDeleteNotFound,
    errors.RefExists,
    errors.StorageUnavailable,
    errors.StorageFull,
)
"""Routes that make a commit."""

NAMES: Errors = (
    errors.InvalidName,
    errors.AccountNotFound,
    errors.RepositoryExists,
    errors.Unauthenticated,
    errors.Forbidden,
)
"""Routes that give a repository its name."""

SIGNED_IN: Errors = (errors.Unauthenticated, errors.Forbidden)
"""Routes about the caller."""

"""Where the owner stands in the segments of ``/api/cg/v1/repositories/{kind}/{owner}/{name}/...``."""


def render_error(request: Request, error: CommongroundError) -> Response:
    """``{"error", "code"}``; for a moved repository also the way to its new place."""
    headers = error_headers(error)
    if error.status == 401:  # "Basic" would make browsers ask for a password
        headers["WWW-Authenticate"] = 'Bearer realm="Commonground"'
    if isinstance(error, errors.RepositoryMoved):
        headers |= moved_location(request, error)
    return json_response(error_body(request, error), error.status, headers)
