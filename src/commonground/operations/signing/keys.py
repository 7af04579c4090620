"""Elliptic curve keys. ``cryptography`` is asked for when a key is used, not before."""

import hashlib
from typing import TYPE_CHECKING, Any

from commonground.errors import InvalidKey, PackageMissing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

KEY_LIMIT = 65_536
"""Most bytes of a PEM file that are read."""

_DIGESTS = {"secp256r1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"}


class PublicKey:
    """Checks signatures. ``fingerprint`` is the SHA-256 of its PEM form, by which a bundle names it."""

    def __init__(self, key: "EllipticCurvePublicKey") -> None:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        self._key = key
        self._algorithm = _algorithm(key)
        self.pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.fingerprint = hashlib.sha256(self.pem).hexdigest()

    @classmethod
    def read(cls, pem: bytes) -> "PublicKey":
        """The public key of a PEM text; :class:`InvalidKey`, :class:`PackageMissing`."""
        serialization = _serialization()
        try:
            key = serialization.load_pem_public_key(_bounded(pem))
        except (ValueError, TypeError, _unsupported()) as error:
            raise InvalidKey(reason=f"it is no public key in PEM form ({error})") from None
        return cls(_elliptic(key))

    def verifies(self, signature: bytes, content: bytes) -> bool:
        """Whether this key made ``signature`` over ``content``."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(signature, content, self._algorithm)
        except InvalidSignature:
            return False
        return True


class PrivateKey:
    """Makes signatures."""

    def __init__(self, key: "EllipticCurvePrivateKey") -> None:
        self._key = key
        self.public = PublicKey(key.public_key())

    @classmethod
    def read(cls, pem: bytes, password: bytes | None = None) -> "PrivateKey":
        """The private key of a PEM text; :class:`InvalidKey`, also for a wrong or missing ``password``."""
        serialization = _serialization()
        try:
            key = serialization.load_pem_private_key(_bounded(pem), password)
        except (ValueError, TypeError, _unsupported()) as error:
            raise InvalidKey(
                reason=f"it is no private key in PEM form, or the password does not open it ({error})"
            ) from None
        return cls(_elliptic(key))

    def sign(self, content: bytes) -> bytes:
        """An ECDSA signature in DER form."""
        return self._key.sign(content, _algorithm(self._key.public_key()))


def _serialization() -> Any:
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError:
        raise PackageMissing(package="cryptography", extra="signing") from None
    return serialization


def _unsupported() -> type[Exception]:
    from cryptography.exceptions import UnsupportedAlgorithm

    return UnsupportedAlgorithm


def _bounded(pem: bytes) -> bytes:
    if len(pem) > KEY_LIMIT:
        raise InvalidKey(reason=f"it is longer than {KEY_LIMIT} bytes")
    return pem


def _elliptic(key: Any) -> Any:
    if getattr(getattr(key, "curve", None), "name", "") not in _DIGESTS:
        raise InvalidKey(reason="it is not on one of the curves P-256, P-384 and P-521")
    return key


def _algorithm(key: "EllipticCurvePublicKey") -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.ECDSA(getattr(hashes, _DIGESTS[key.curve.name])())
