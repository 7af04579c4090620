"""Secrets that are given with a run: encrypted while they are kept (AES-256-GCM), bound to the account they belong to."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from commonground.errors import PackageMissing, SecretMissing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12

_decode = msgspec.json.Decoder(dict[str, str]).decode


class Sealing:
    """Encrypts and decrypts under ``key``, 32 bytes. Needs the package cryptography, of the extra ``jobs``."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, account_id: int, secrets: Mapping[str, str]) -> bytes | None:
        """The secrets of an account's run, encrypted; ``None`` for none. :class:`PackageMissing`."""
        if not secrets:
            return None
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher().encrypt(nonce, msgspec.json.encode(dict(secrets)), _owner(account_id))

    def open(self, account_id: int, sealed: bytes | None) -> dict[str, str]:
        """What was sealed; :class:`SecretMissing` when the server's secret key is another one now."""
        if sealed is None:
            return {}
        from cryptography.exceptions import InvalidTag

        try:
            plain = self._cipher().decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _owner(account_id))
        except InvalidTag:
            raise SecretMissing(name="that was given with the run: the secret key of the server changed") from None
        return _decode(plain)

    def _cipher(self) -> "AESGCM":
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError:
            raise PackageMissing(package="cryptography", extra="jobs") from None
        return AESGCM(self._key)


def _owner(account_id: int) -> bytes:
    return b"account %d" % account_id
