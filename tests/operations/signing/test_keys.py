import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from commonground.errors import InvalidKey, PackageMissing
from commonground.operations.signing.keys import KEY_LIMIT, PrivateKey, PublicKey
from tests.operations.signing.conftest import KeyPair, key_pair


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_what_a_private_key_signs_its_public_key_verifies(tmp_path: Path, curve: ec.EllipticCurve) -> None:
    keys = key_pair(tmp_path, curve)
    signature = PrivateKey.read(keys.private).sign(b"content")
    public = PublicKey.read(keys.public)
    assert public.verifies(signature, b"content")
    assert not public.verifies(signature, b"other content")
    assert not public.verifies(b"no signature", b"content")


def test_a_password_opens_a_key(tmp_path: Path) -> None:
    keys = key_pair(tmp_path, password=b"secret")
    assert PrivateKey.read(keys.private, b"secret").public.pem == keys.public
    for wrong in (None, b"wrong"):
        with pytest.raises(InvalidKey):
            PrivateKey.read(keys.private, wrong)


def test_a_password_for_a_key_without_one_is_refused(keys: KeyPair) -> None:
    with pytest.raises(InvalidKey):
        PrivateKey.read(keys.private, b"secret")


def test_other_kinds_of_keys_are_refused(keys: KeyPair) -> None:
    key = rsa.generate_private_key(65537, 2048)
    other_curve = ec.generate_private_key(ec.SECP256K1())
    for odd in (key, other_curve):
        pem = odd.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(InvalidKey, match="curves"):
            PublicKey.read(pem)
        with pytest.raises(InvalidKey, match="curves"):
            PrivateKey.read(odd.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for text in (b"", b"none", keys.private, keys.public[:60], b"x" * (KEY_LIMIT + 1)):
        with pytest.raises(InvalidKey):
            PublicKey.read(text)


def test_without_the_package_the_error_says_how_to_get_it(keys: KeyPair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    with pytest.raises(PackageMissing, match=r"commonground\[signing\]"):
        PublicKey.read(keys.public)
