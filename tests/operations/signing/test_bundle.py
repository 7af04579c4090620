"""Bundles against the reference implementation, in both directions, and everything that must not pass."""

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import InvalidSignature
from commonground.operations.manifest.model import ManifestFile
from commonground.operations.signing.bundle import sign, verify
from commonground.operations.signing.keys import PrivateKey, PublicKey
from commonground.operations.signing.statement import differences, make_statement
from tests.operations.signing.conftest import KeyPair, key_pair

FILES = {
    "README.md": b"# Tiny",
    "model.safetensors": b"weights",
    "a/b.txt": b"1",
    "a.txt": b"2",
    "a-b/c.txt": b"3",
    ".gitattributes": b"*.bin",
    "sub/.gitattributes": b"",
}


def described(files: dict[str, bytes]) -> list[ManifestFile]:
    return [
        ManifestFile(path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest()) for path, data in files.items()
    ]


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def reference(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-m", "model_signing", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def reference_verify(folder: Path, keys: KeyPair) -> subprocess.CompletedProcess[str]:
    signature = folder / "model.sig"
    return reference("verify", "key", folder, "--signature", signature, "--public_key", keys.public_file)


@pytest.fixture
def signed(tmp_path: Path, keys: KeyPair) -> bytes:
    return sign(make_statement("tiny", described(FILES)), PrivateKey.read(keys.private))


def test_the_reference_implementation_accepts_ours_and_notices_changes(
    tmp_path: Path, keys: KeyPair, signed: bytes
) -> None:
    folder = written(tmp_path / "snapshot", FILES | {"model.sig": signed, ".cache/huggingface/x": b"local"})
    assert reference_verify(folder, keys).returncode == 0
    (folder / "a" / "b.txt").write_bytes(b"changed")
    answer = reference_verify(folder, keys)
    assert answer.returncode == 1
    assert "a/b.txt" in answer.stderr


def test_ours_accepts_the_reference_implementation_and_notices_changes(tmp_path: Path, keys: KeyPair) -> None:
    folder = written(tmp_path / "model", FILES)
    signature = folder / "model.sig"
    done = reference("sign", "key", folder, "--signature", signature, "--private_key", keys.private_file)
    assert done.returncode == 0, done.stderr
    statement = verify(signature.read_bytes(), PublicKey.read(keys.public))
    assert differences(statement, described(FILES)) == []
    changed = {**FILES, "a/b.txt": b"changed", "new.bin": b"new"}
    del changed["a.txt"]
    found = {item.path: item.problem for item in differences(statement, described(changed))}
    assert found == {"a/b.txt": "changed", "new.bin": "not signed", "a.txt": "missing"}


def test_both_sign_the_same_digest(tmp_path: Path, keys: KeyPair, signed: bytes) -> None:
    folder = written(tmp_path / "tiny", FILES)
    reference("sign", "key", folder, "--signature", tmp_path / "s", "--private_key", keys.private_file)
    public = PublicKey.read(keys.public)
    assert verify((tmp_path / "s").read_bytes(), public).subject == verify(signed, public).subject


def test_another_key_is_refused(tmp_path: Path, signed: bytes) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(InvalidSignature, match="another key"):
        verify(signed, PublicKey.read(key_pair(tmp_path / "other").public))


Change = Callable[[dict[str, Any]], object]


def _resign(bundle: dict[str, Any], keys: KeyPair, change: Change) -> bytes:
    """The bundle around a changed statement, signed again: only what the statement says is wrong."""
    envelope = bundle["dsseEnvelope"]
    statement = json.loads(base64.b64decode(envelope["payload"]))
    change(statement)
    payload = json.dumps(statement).encode()
    kind = envelope["payloadType"]
    encoded = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    envelope["payload"] = base64.b64encode(payload).decode()
    envelope["signatures"][0]["sig"] = base64.b64encode(PrivateKey.read(keys.private).sign(encoded)).decode()
    return json.dumps(bundle).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(predicateType="https://example.org/other"),
        lambda s: s.update(_type="https://in-toto.io/Statement/v0.1"),
        lambda s: s["predicate"]["resources"].pop(),
        lambda s: s["predicate"]["resources"][0].update(digest="zz"),
        lambda s: s["predicate"]["resources"][0].update(algorithm="blake3"),
        lambda s: s["predicate"]["serialization"].update(method="shards"),
        lambda s: s["predicate"]["serialization"].update(hash_type="blake2"),
        lambda s: s.update(subject=s["subject"] * 2),
        lambda s: s.update(subject=[]),
        lambda s: s.pop("predicate"),
    ],
)
def test_a_signed_statement_that_makes_no_sense_is_refused(keys: KeyPair, signed: bytes, change: Change) -> None:
    with pytest.raises(InvalidSignature):
        verify(_resign(json.loads(signed), keys, change), PublicKey.read(keys.public))


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b.update(mediaType="application/json"),
        lambda b: b["dsseEnvelope"].update(payloadType="text/plain"),
        lambda b: b["dsseEnvelope"].update(payload="####"),
        lambda b: b["dsseEnvelope"].update(payload=base64.b64encode(b"{}").decode()),
        lambda b: b["dsseEnvelope"]["signatures"][0].update(sig="####"),
        lambda b: b["dsseEnvelope"]["signatures"][0].update(sig=""),
        lambda b: b["dsseEnvelope"].update(signatures=[]),
        lambda b: b.update(verificationMaterial={"certificate": {"rawBytes": ""}}),
        lambda b: b.pop("verificationMaterial"),
    ],
)
def test_a_bundle_that_was_changed_is_refused(keys: KeyPair, signed: bytes, change: Change) -> None:
    bundle = json.loads(signed)
    change(bundle)
    with pytest.raises(InvalidSignature):
        verify(json.dumps(bundle).encode(), PublicKey.read(keys.public))


@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_reason(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    keys = key_pair(tmp_path_factory.mktemp("keys"))
    with pytest.raises(InvalidSignature):
        verify(data, PublicKey.read(keys.public))
