"""Keys that two clients share, and masks drawn from them: X25519, HKDF-SHA256, ChaCha20, ChaCha20-Poly1305."""

import secrets
from typing import TYPE_CHECKING

import numpy as np

from commonground.errors import InvalidContribution, PackageMissing
from commonground.training.federated.secure_aggregation.quantisation import Ring

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

KEY_BYTES = 32
_NONCE = bytes(16)  # every key masks once


def new_key() -> bytes:
    """A private X25519 key."""
    check_installed()
    return secrets.token_bytes(KEY_BYTES)


def check_installed() -> None:
    """``PackageMissing`` without the extra ``secure-aggregation``."""
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise PackageMissing(package="cryptography", extra="secure-aggregation") from None


def public_of(private: bytes) -> bytes:
    """The public key of a private one."""
    return _loaded(private).public_key().public_bytes_raw()


def agree(private: bytes, public: bytes, purpose: str) -> bytes:
    """The key of 32 bytes that both owners compute, one for each ``purpose``; ``ValueError`` for what is no public key."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    shared = _loaded(private).exchange(X25519PublicKey.from_public_bytes(public))
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=f"commonground {purpose}".encode()).derive(shared)


def mask(key: bytes, size: int) -> Ring:
    """``size`` numbers that look random to whoever lacks the key."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

    stream = Cipher(ChaCha20(key, _NONCE), mode=None).encryptor()
    return np.frombuffer(stream.update(bytes(4 * size)), "<u4").astype(np.uint32, copy=False)


def seal(key: bytes, text: bytes, context: bytes) -> bytes:
    """Encrypt and authenticate; ``context`` is who sends what to whom."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    nonce = secrets.token_bytes(12)
    return nonce + ChaCha20Poly1305(key).encrypt(nonce, text, context)


def unseal(key: bytes, sealed: bytes, context: bytes, client: int) -> bytes:
    """The inverse; :class:`InvalidContribution` of ``client`` where anything was changed."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    try:
        return ChaCha20Poly1305(key).decrypt(sealed[:12], sealed[12:], context)
    except (InvalidTag, ValueError):
        raise InvalidContribution(client=client, reason="its shares were not sealed for this receiver") from None


def _loaded(private: bytes) -> "X25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.from_private_bytes(private)
