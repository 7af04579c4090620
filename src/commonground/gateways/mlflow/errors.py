"""Refusals as the client reads them: ``{"error_code": ..., "message": ...}``."""

from starlette.requests import Request
from starlette.responses import Response

from commonground import errors
from commonground.errors import CommongroundError
from commonground.http.responses import error_headers, json_response, language

_CODES: dict[type[CommongroundError], str] = {
    errors.RouteNotFound: "ENDPOINT_NOT_FOUND",
    errors.MethodNotAllowed: "ENDPOINT_NOT_FOUND",
    errors.ExperimentExists: "RESOURCE_ALREADY_EXISTS",
    errors.RepositoryExists: "RESOURCE_ALREADY_EXISTS",
    errors.MoveTargetExists: "RESOURCE_ALREADY_EXISTS",
    errors.ParameterConflict: "INVALID_PARAMETER_VALUE",
    errors.RunStateConflict: "INVALID_STATE",
    errors.StaleParent: "RESOURCE_CONFLICT",
    errors.NotSupported: "NOT_IMPLEMENTED",
}
_BY_STATUS = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    405: "ENDPOINT_NOT_FOUND",
    409: "RESOURCE_CONFLICT",
    412: "RESOURCE_CONFLICT",
    413: "RESOURCE_LIMIT_EXCEEDED",
    429: "REQUEST_LIMIT_EXCEEDED",
    501: "NOT_IMPLEMENTED",
    503: "TEMPORARILY_UNAVAILABLE",
}


def render_error(request: Request, error: CommongroundError) -> Response:
    """The envelope of a refusal; the text ends with the stable code of this server's own errors."""
    status = 404 if isinstance(error, errors.RepositoryMoved) else error.status
    body = {"error_code": _code(error, status), "message": f"{error.message(language(request))} [{error.code}]"}
    return json_response(body, status, error_headers(error))


def _code(error: CommongroundError, status: int) -> str:
    known = _CODES.get(type(error)) or _BY_STATUS.get(status)
    return known or ("INTERNAL_ERROR" if status >= 500 else "INVALID_PARAMETER_VALUE")
