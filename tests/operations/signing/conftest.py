from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


@dataclass
class KeyPair:
    """Two PEM files, and the texts in them."""

    private_file: Path
    public_file: Path

    @property
    def private(self) -> bytes:
        return self.private_file.read_bytes()

    @property
    def public(self) -> bytes:
        return self.public_file.read_bytes()


def key_pair(folder: Path, curve: ec.EllipticCurve | None = None, password: bytes | None = None) -> KeyPair:
    key = ec.generate_private_key(curve or ec.SECP256R1())
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    made = KeyPair(folder / "key.pem", folder / "key.pub")
    made.private_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    made.public_file.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return made


@pytest.fixture
def keys(tmp_path: Path) -> KeyPair:
    return key_pair(tmp_path)
