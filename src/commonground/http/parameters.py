"""Decoding query strings into typed values."""

from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from commonground.errors import BadRequest

T = TypeVar("T", bound=msgspec.Struct)


def read_query(request: Request, kind: type[T]) -> T:
    """The query string as ``kind``: fields that are tuples take every value of a repeated parameter, others the last.

    Unknown parameters are ignored. :class:`BadRequest` says what does not fit.
    """
    given = request.query_params
    if any("\0" in value for _, value in given.multi_items()):
        raise BadRequest(reason="the query holds a NUL")
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        name = field.encode_name
        if name in given:
            values[name] = tuple(given.getlist(name)) if isinstance(field.default, tuple) else given[name]
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(reason=f"the query does not fit: {error}") from None
