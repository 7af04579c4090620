"""Short-lived signed tokens: a JSON payload, its expiry and an HMAC under a key of its own for every purpose."""

import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec

from commonground.database import Database, values
from commonground.errors import InvalidCredentials, InvalidSetting
from commonground.settings import Settings

MASTER_KEY = "master_key"
KEY_BYTES = 32
LIMIT = 8192
"""Longest token text that is looked at, in characters."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


async def master_key(database: Database, settings: Settings) -> bytes:
    """The 32 bytes every other secret is derived from: ``settings.secret_key``, else made once and kept in the
    database. :class:`InvalidSetting` for a key that is too short to be one.
    """
    if not settings.secret_key:
        return await database.write(values.get_or_create, MASTER_KEY, lambda: secrets.token_bytes(KEY_BYTES))
    if len(settings.secret_key) < KEY_BYTES:
        raise InvalidSetting(name="secret_key", reason=f"needs at least {KEY_BYTES} characters")
    return hashlib.sha256(settings.secret_key.encode()).digest()


class Signer:
    """Signs and verifies tokens under the 32-byte master ``key``. A token of one purpose is worthless for another."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def derive(self, purpose: str) -> bytes:
        """The 32-byte key of a purpose, for HMAC schemes that need a shared secret."""
        return hmac.digest(self._key, purpose.encode(), "sha256")

    def sign(self, purpose: str, payload: dict[str, Any], seconds: int) -> str:
        """``payload`` as a URL-safe token that is valid for ``seconds``."""
        body = _base64(_encode({**payload, "exp": int(time.time()) + seconds}))
        return f"{body.decode()}.{_base64(self._mac(purpose, body)).decode()}"

    def verify(self, purpose: str, text: str) -> dict[str, Any]:
        """The payload as it was signed; :class:`InvalidCredentials` for a forged, foreign or expired token."""
        if len(text) > LIMIT or not text.isascii():
            raise InvalidCredentials
        body, _, mac = text.encode().partition(b".")
        if not hmac.compare_digest(_base64(self._mac(purpose, body)), mac):
            raise InvalidCredentials
        payload = _decode(urlsafe_b64decode(body + b"=" * (-len(body) % 4)))
        if payload.pop("exp") <= time.time():
            raise InvalidCredentials
        return payload

    def _mac(self, purpose: str, body: bytes) -> bytes:
        return hmac.digest(self.derive(purpose), body, "sha256")


def _base64(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
