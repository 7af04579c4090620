"""The texts that stand for a caller: access tokens, cookies, one-time links. Only their SHA-256 is stored."""

import hashlib
import re
import secrets
import string
from base64 import urlsafe_b64encode

from commonground.errors import BadRequest

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 43  # letters and digits for 256 bits
_TEXT = re.compile(r"[!-~]{8,256}\Z")


def new_token() -> str:
    """An access token of 256 random bits, in the form stock clients and secret scanners know: ``hf_...``."""
    return "hf_" + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def new_secret() -> str:
    """256 random bits as URL-safe text, for cookies and links."""
    return secrets.token_urlsafe(32)


def derived_secret(key: bytes) -> str:
    """Bytes that were derived from the master key, as URL-safe text."""
    return urlsafe_b64encode(key).rstrip(b"=").decode()


def check_token(value: str) -> str:
    """A token text chosen by an administrator; :class:`BadRequest` unless it is 8 to 256 visible ASCII characters."""
    if not _TEXT.match(value):
        raise BadRequest(reason="a token is 8 to 256 visible ASCII characters")
    return value


def digest(text: str) -> bytes:
    """The 32 bytes under which a secret is stored."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def preview(text: str) -> str:
    """What lists show of a token: enough to recognise it, too little to use it."""
    return f"{text[:5]}...{text[-4:]}" if len(text) >= 24 else f"{text[:3]}..."
