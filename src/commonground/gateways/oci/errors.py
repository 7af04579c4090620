"""Refusals in the form of the protocol: ``{"errors": [{"code", "message", "detail"}]}``."""

import re
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from commonground import errors as e
from commonground.http.addresses import moved_location
from commonground.http.identity import public_origin
from commonground.http.responses import error_headers, json_response, language
from commonground.http.routing import ErrorRenderer
from commonground.settings import Settings

CODES: dict[type[e.CommongroundError], str] = {
    e.InvalidRegistryName: "NAME_INVALID",
    e.InvalidName: "NAME_INVALID",
    e.RepositoryNotFound: "NAME_UNKNOWN",
    e.RepositoryMoved: "NAME_UNKNOWN",
    e.AccountNotFound: "NAME_UNKNOWN",
    e.RouteNotFound: "NAME_UNKNOWN",
    e.ManifestNotFound: "MANIFEST_UNKNOWN",
    e.RevisionNotFound: "MANIFEST_UNKNOWN",
    e.InvalidManifest: "MANIFEST_INVALID",
    e.InvalidPath: "MANIFEST_INVALID",
    e.InvalidCommit: "MANIFEST_INVALID",
    e.InvalidRef: "MANIFEST_INVALID",
    e.ContentMissing: "MANIFEST_BLOB_UNKNOWN",
    e.BlobNotFound: "BLOB_UNKNOWN",
    e.InvalidDigest: "DIGEST_INVALID",
    e.DigestMismatch: "DIGEST_INVALID",
    e.SizeMismatch: "SIZE_INVALID",
    e.PayloadTooLarge: "SIZE_INVALID",
    e.UploadNotFound: "BLOB_UPLOAD_UNKNOWN",
    e.UploadOutOfOrder: "BLOB_UPLOAD_INVALID",
    e.Unauthenticated: "UNAUTHORIZED",
    e.InvalidCredentials: "UNAUTHORIZED",
    e.Forbidden: "DENIED",
    e.GatedRepository: "DENIED",
    e.RepositoryDisabled: "DENIED",
    e.TooManyRequests: "TOOMANYREQUESTS",
    e.MethodNotAllowed: "UNSUPPORTED",
    e.NotSupported: "UNSUPPORTED",
    e.ContentInUse: "UNSUPPORTED",
}

_PLAIN = re.compile(r"[a-z0-9._/-]+")


def code_of(error: e.CommongroundError) -> str:
    """The protocol's name of an error; ``UNKNOWN`` for what it has no name for."""
    return next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), "UNKNOWN")


def error_renderer(settings: Settings) -> ErrorRenderer:
    """The envelope of a server with these settings."""
    return partial(_render, settings)


def _render(settings: Settings, request: Request, error: e.CommongroundError) -> Response:
    """The error, with the challenge of the token service where credentials may help. Readers of a renamed repository
    are led to its new name, writers are not.
    """
    if isinstance(error, e.RepositoryMoved) and request.method in {"GET", "HEAD"}:
        location = {name: value.lower() for name, value in moved_location(request, error).items()}
        return Response(status_code=307, headers=location)
    status = 404 if isinstance(error, e.RepositoryMoved) else error.status
    headers = error_headers(error)
    if status == 401:
        headers["WWW-Authenticate"] = _challenge(settings, request)
    if isinstance(error, e.UploadOutOfOrder):
        headers["Range"] = f"0-{max(0, error.details['size'] - 1)}"
    body = {"code": code_of(error), "message": error.message(language(request)), "detail": {"code": error.code}}
    return json_response({"errors": [body]}, status, headers)


def _challenge(settings: Settings, request: Request) -> str:
    """``Bearer`` with the address of the token service and, below a repository, what to ask it for."""
    try:
        origin = public_origin(request, settings)
    except e.BadRequest:  # no host was named
        origin = ""
    parts = [f'realm="{origin}/v2/token"', f'service="{origin}"']
    params = request.path_params
    name = "/".join(filter(None, (params.get("kind"), params.get("owner"), params.get("name"))))
    if _PLAIN.fullmatch(name):
        action = "pull" if request.method in {"GET", "HEAD"} else "pull,push"
        parts.append(f'scope="repository:{name}:{action}"')
    return "Bearer " + ",".join(parts)
