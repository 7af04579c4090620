"""``manifest``, ``sbom``, ``sign`` and ``verify``, with the reference implementation on a snapshot at the end."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from commonground.sdk.hub import Hub
from tests.cli.command import Command
from tests.operations.signing.conftest import KeyPair, key_pair
from tests.sdk.live import TOKENS

WEIGHTS = b"\0weights" * 20_000


@pytest.fixture
def keys(tmp_path: Path) -> KeyPair:
    return key_pair(tmp_path)


@pytest.fixture
def model(hub: Hub, repository: str) -> str:
    hub.upload_file(f"{repository}/model.safetensors", WEIGHTS)
    hub.upload_file(f"{repository}/sub/config.json", b"{}")
    return repository


def test_the_manifest_is_what_sha256sum_checks(command: Command, model: str) -> None:
    lines = command("manifest", model).out.splitlines()
    assert f"{hashlib.sha256(WEIGHTS).hexdigest()}  model.safetensors" in lines
    document = command("manifest", model, "--json").json
    assert {item["path"] for item in document["files"]} >= {"sub/config.json"}
    assert document["$schema"].endswith("/schemas/manifest/v1.json")


def test_sbom_prints_or_writes(command: Command, model: str, tmp_path: Path) -> None:
    assert json.loads(command("sbom", model).out)["bomFormat"] == "CycloneDX"
    target = tmp_path / "bom.json"
    assert command("sbom", model, "--format", "spdx", "--output", target).code == 0
    assert "@graph" in json.loads(target.read_text())


def test_what_was_signed_verifies_here_and_on_the_server(command: Command, model: str, keys: KeyPair) -> None:
    assert command("sign", model, "--key", keys.private_file).code == 0
    for place in ((), ("--on-server",)):
        result = command("verify", model, "--key", keys.public_file, *place)
        assert (result.code, result.out.startswith("the signature holds")) == (0, True)


def test_a_changed_file_is_named_and_the_command_fails(command: Command, hub: Hub, model: str, keys: KeyPair) -> None:
    command("sign", model, "--key", keys.private_file)
    hub.upload_file(f"{model}/sub/config.json", b"{1}")
    for place in ((), ("--on-server",)):
        result = command("verify", model, "--key", keys.public_file, *place)
        assert result.code == 1
        assert "changed: sub/config.json" in result.out
        assert "CG-1603" in result.err


def test_a_signature_may_stay_outside_of_the_repository(
    command: Command, hub: Hub, model: str, keys: KeyPair, tmp_path: Path
) -> None:
    target = tmp_path / "tiny.sig"
    assert command("sign", model, "--key", keys.private_file, "--output", target).code == 0
    assert "model.sig" not in {entry.path for entry in hub.list_tree(model)}
    assert command("verify", model, "--key", keys.public_file, "--signature", target).code == 0


def test_a_key_with_a_password(command: Command, model: str, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir()
    keys = key_pair(tmp_path / "locked", password=b"secret")
    (tmp_path / "password").write_text("secret\n")
    assert "CG-1602" in command("sign", model, "--key", keys.private_file).err
    options = ("--key", keys.private_file, "--password-file", tmp_path / "password")
    assert command("sign", model, *options).code == 0
    assert command("verify", model, "--key", keys.public_file).code == 0


def test_the_private_key_stays_here(command: Command, model: str, keys: KeyPair, hub: Hub) -> None:
    command("sign", model, "--key", keys.private_file)
    assert b"PRIVATE" not in hub.read_file(f"{model}/model.sig")


SNAPSHOT = """
import sys
from huggingface_hub import snapshot_download, upload_file
snapshot_download(sys.argv[1], local_dir=sys.argv[2])
"""
UPLOAD = """
import sys
from huggingface_hub import upload_file
upload_file(path_or_fileobj=sys.argv[2], path_in_repo="model.sig", repo_id=sys.argv[1])
"""


def hugging_face(script: str, address: str, home: Path, *words: object) -> None:
    environment = {**os.environ, "HF_ENDPOINT": address, "HF_TOKEN": TOKENS["alice"], "HF_HOME": str(home)}
    command = [sys.executable, "-W", "ignore", "-c", script, *map(str, words)]
    subprocess.run(command, env=environment, check=True, capture_output=True)


def reference(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-m", "model_signing", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_reference_implementation_verifies_a_snapshot(
    command: Command, address: str, model: str, keys: KeyPair, tmp_path: Path
) -> None:
    command("sign", model, "--key", keys.private_file)
    folder = tmp_path / "snapshot"
    hugging_face(SNAPSHOT, address, tmp_path / "home", model, folder)
    check = ("verify", "key", folder, "--signature", folder / "model.sig", "--public_key", keys.public_file)
    assert reference(*check).returncode == 0
    (folder / "model.safetensors").write_bytes(WEIGHTS + b"!")
    changed = reference(*check)
    assert changed.returncode == 1
    assert "model.safetensors" in changed.stderr


def test_a_signature_of_the_reference_implementation_verifies_here(
    command: Command, address: str, model: str, keys: KeyPair, tmp_path: Path
) -> None:
    folder = tmp_path / "snapshot"
    hugging_face(SNAPSHOT, address, tmp_path / "home", model, folder)
    signature = folder / "model.sig"
    ignore = ("--ignore-paths", folder / ".cache")
    made = reference("sign", "key", folder, "--signature", signature, "--private_key", keys.private_file, *ignore)
    assert made.returncode == 0, made.stderr
    hugging_face(UPLOAD, address, tmp_path / "home", model, signature)
    for place in ((), ("--on-server",)):
        assert command("verify", model, "--key", keys.public_file, *place).code == 0
