"""Refusals as S3 clients know them: an XML document with a code of S3, and the status that belongs to it."""

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response

from commonground import errors
from commonground.errors import BadRequest, CommongroundError
from commonground.http.addresses import raw_path
from commonground.http.responses import error_headers, language, request_id

CODES: Mapping[type[CommongroundError], tuple[str, int]] = {
    errors.RepositoryNotFound: ("NoSuchBucket", 404),
    errors.RepositoryMoved: ("NoSuchBucket", 404),
    errors.RevisionNotFound: ("NoSuchVersion", 404),
    errors.EntryNotFound: ("NoSuchKey", 404),
    errors.BlobNotFound: ("NoSuchKey", 404),
    errors.UploadNotFound: ("NoSuchUpload", 404),
    errors.InvalidCredentials: ("InvalidAccessKeyId", 403),
    errors.Unauthenticated: ("AccessDenied", 403),
    errors.Forbidden: ("AccessDenied", 403),
    errors.GatedRepository: ("AccessDenied", 403),
    errors.CrossSiteRequest: ("AccessDenied", 403),
    errors.RepositoryDisabled: ("AllAccessDisabled", 403),
    errors.SignatureMismatch: ("SignatureDoesNotMatch", 403),
    errors.SignatureExpired: ("RequestTimeTooSkewed", 403),
    errors.RangeNotSatisfiable: ("InvalidRange", 416),
    errors.PreconditionFailed: ("PreconditionFailed", 412),
    errors.StaleParent: ("ConditionalRequestConflict", 409),
    errors.PayloadTooLarge: ("EntityTooLarge", 400),
    errors.SizeMismatch: ("IncompleteBody", 400),
    errors.DigestMismatch: ("BadDigest", 400),
    errors.ContentMissing: ("NoSuchKey", 404),
    errors.RepositoryExists: ("BucketAlreadyExists", 409),
    errors.RepositoryNotEmpty: ("BucketNotEmpty", 409),
    errors.InvalidName: ("InvalidBucketName", 400),
    errors.AccountNotFound: ("InvalidBucketName", 400),
    errors.InvalidPath: ("InvalidArgument", 400),
    errors.InvalidRef: ("InvalidArgument", 400),
    errors.InvalidCommit: ("InvalidRequest", 400),
    errors.MethodNotAllowed: ("MethodNotAllowed", 405),
    errors.RouteNotFound: ("MethodNotAllowed", 405),
    errors.NotSupported: ("NotImplemented", 501),
    errors.TooManyRequests: ("SlowDown", 503),
    errors.StorageUnavailable: ("ServiceUnavailable", 503),
    errors.DatabaseUnavailable: ("ServiceUnavailable", 503),
    errors.NotReady: ("ServiceUnavailable", 503),
    errors.StorageFull: ("InternalError", 507),
    BadRequest: ("InvalidRequest", 400),
    CommongroundError: ("InternalError", 500),
}
"""S3's code and status by class; a subclass has those of its nearest base."""


_UNSAYABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escaped(text: str) -> str:
    """A text inside XML; what XML cannot say (control characters) becomes ``?``."""
    return escape(_UNSAYABLE.sub("?", text))


def refused(code: str, reason: str, status: int = 400) -> BadRequest:
    """A :class:`BadRequest` that S3 has a code of its own for, and perhaps another status."""
    return BadRequest(reason=reason, s3=code, s3_status=status)


def malformed(reason: str) -> BadRequest:
    """A body that does not say what it should."""
    return refused("MalformedXML", reason)


def code_of(error: CommongroundError) -> tuple[str, int]:
    """S3's code and status of an error."""
    kinds = (kind for kind in type(error).__mro__ if kind in CODES)
    code, status = CODES[next(kinds, CommongroundError)]
    return str(error.details.get("s3", code)), int(error.details.get("s3_status", status))


def error_document(request: Request, error: CommongroundError) -> bytes:
    """The ``Error`` document, without a namespace, as S3 has it."""
    code, _ = code_of(error)
    fields = {
        "Code": code,
        "Message": f"{error.message(language(request))} ({error.code})",
        "Resource": raw_path(request),
        "RequestId": request_id(request),
    }
    inner = "".join(f"<{name}>{escaped(text)}</{name}>" for name, text in fields.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'.encode("utf-8", "replace")


def render_error(request: Request, error: CommongroundError) -> Response:
    """The answer to a request that failed."""
    headers = error_headers(error)
    headers.pop("WWW-Authenticate", None)
    return Response(error_document(request, error), code_of(error)[1], headers, media_type="application/xml")
