"""Opaque cursors: where a list goes on. They come back from clients, so they are believed in nothing but their form."""

import base64
import binascii
from typing import TypeVar

import msgspec

from commonground.errors import BadRequest

T = TypeVar("T")

LIMIT = 16_384


def encode_cursor(value: object) -> str:
    """A cursor for any value that JSON can say."""
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=").decode()


def decode_cursor(text: str, kind: type[T]) -> T:
    """The value of a cursor; :class:`BadRequest` if nobody here made it."""
    if len(text) > LIMIT:
        raise BadRequest(reason="the cursor is too long")
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise BadRequest(reason="the cursor is malformed") from None
