"""Unmodified clients against a server: oras, skopeo, modelpack-client."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.gateways.git.server import TOKENS, Hub
from tests.gateways.oci.registry import MANIFEST, Registry, code, digest_of
from tests.gateways.oci.test_publishing import TITLE, files

WEIGHTS = bytes(range(256)) * 4000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is pushed, in an empty home."""
    made = tmp_path / "model"
    (made / "sub").mkdir(parents=True)
    (made / "model.safetensors").write_bytes(WEIGHTS)
    (made / "config.json").write_text("{}")
    (made / "sub" / "notes.txt").write_text("notes")
    return made


def python(folder: Path, program: str, *arguments: str) -> str:
    """What a Python program prints, run in a folder as a client without any configuration."""
    command = [sys.executable, "-W", "ignore", "-c", program, *arguments]
    environment = {"HOME": str(folder.parent), "PATH": "/usr/bin:/bin", "TMPDIR": str(folder.parent)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def skopeo(folder: Path, *arguments: str, succeeds: bool = True) -> str:
    program = shutil.which("skopeo")
    if program is None:
        pytest.skip("skopeo is not installed")
    command = [program, "--tmpdir", str(folder.parent), *arguments]
    environment = {"HOME": str(folder.parent), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode == 0) is succeeds, done.stderr
    return done.stdout


def host(hub: Hub) -> str:
    return f"127.0.0.1:{hub.port}"


ORAS = """
import json, sys
from oras.client import OrasClient
verb, host, target, user, token = sys.argv[1:6]
client = OrasClient(hostname=host, insecure=True, auth_backend="token")
if user:
    client.auth.set_basic_auth(user, token)
if verb == "push":
    chunked = dict(do_chunked=True, chunk_size=300_000) if "--chunked" in sys.argv else {}
    files = [name for name in sys.argv[6:] if not name.startswith("--")]
    print(client.push(files=files, target=target, **chunked).status_code)
elif verb == "pull":
    print(json.dumps(client.pull(target=target, outdir=sys.argv[6])))
else:
    print(json.dumps(client.get_tags(target)))
"""


def oras(folder: Path, registry: Registry, verb: str, *arguments: str, tag: str = "main", user: str = "") -> str:
    address = host(registry.hub)
    target = f"{address}/{registry.name}:{tag}"
    return python(folder, ORAS, verb, address, target, user, TOKENS.get(user, ""), *arguments)


@pytest.mark.parametrize("how", [[], ["--chunked"]])
def test_oras_pushes_and_everybody_reads(registry: Registry, folder: Path, how: list[str]) -> None:
    pushed = oras(folder, registry, "push", "model.safetensors", "config.json", "sub", *how, user="ada")
    assert pushed.strip() == "201"
    assert {path: content for path, content in files(registry).items() if path != "README.md"} == {
        "model.safetensors": WEIGHTS,
        "config.json": b"{}",
        "sub/notes.txt": b"notes",
    }
    out = folder / "out"
    oras(folder, registry, "pull", str(out))
    assert (out / "model.safetensors").read_bytes() == WEIGHTS
    assert (out / "sub" / "notes.txt").read_text() == "notes"


def test_oras_pulls_what_others_committed(registry: Registry, folder: Path) -> None:
    registry.push_files("seed", {"model.safetensors": WEIGHTS})
    line = {"key": "file", "value": {"path": "a/b.txt", "content": "deep", "encoding": "utf-8"}}
    lines = [{"key": "header", "value": {"summary": "Add a file"}}, line]
    sent = registry.http.post(f"api/models/{registry.name}/commit/seed", content="\n".join(map(json.dumps, lines)))
    assert sent.status_code == 200
    out = folder / "out"
    pulled = json.loads(oras(folder, registry, "pull", str(out), tag="seed"))
    found = {str(Path(path).relative_to(out)): Path(path).read_bytes() for path in pulled}
    assert found.pop(".gitattributes")
    assert found == files(registry, "seed")
    assert json.loads(oras(folder, registry, "tags")) == ["main", "seed"]


def test_oras_reads_a_private_repository_with_credentials_alone(hub: Hub, registry: Registry, folder: Path) -> None:
    hub.create(registry.name.partition("/")[2], visibility="private")
    oras(folder, registry, "push", "model.safetensors", user="ada")
    out = folder / "out"
    oras(folder, registry, "pull", str(out), user="ada")
    assert (out / "model.safetensors").read_bytes() == WEIGHTS
    for user in ("", "eve"):
        with pytest.raises(AssertionError):
            oras(folder, registry, "pull", str(folder / "none"), user=user)
    assert not (folder / "none" / "model.safetensors").exists()


MODELPACK = """
import sys
from modelpack_client import ModelLayer, ModelPackClient, ModelPackConfig
verb, host, target, token = sys.argv[1:5]
client = ModelPackClient(insecure=True)
if token:
    client.login(host, "ada", token)
if verb == "push":
    raw = "application/vnd.cncf.model.%s.v1.raw"
    layers = [
        ModelLayer("model.safetensors", raw % "weight"),
        ModelLayer("config.json", raw % "weight.config"),
        ModelLayer("sub", raw % "doc"),
    ]
    print(client.push(target, layers, ModelPackConfig(), chunked=len(sys.argv) > 5).digest)
else:
    for path in client.pull(target, sys.argv[5]).files:
        print(path)
"""


def modelpack(folder: Path, registry: Registry, verb: str, *arguments: str, token: str = "") -> str:
    address = host(registry.hub)
    return python(folder, MODELPACK, verb, address, f"{address}/{registry.name}:main", token, *arguments).strip()


@pytest.mark.parametrize("how", [[], ["chunked"]])
def test_modelpack_client_pushes_and_pulls(registry: Registry, folder: Path, how: list[str]) -> None:
    digest = modelpack(folder, registry, "push", *how, token=TOKENS["ada"])
    assert registry.manifest("main").headers["Docker-Content-Digest"] == digest
    assert {path: content for path, content in files(registry).items() if path != "README.md"} == {
        "model.safetensors": WEIGHTS,
        "config.json": b"{}",
        "sub/notes.txt": b"notes",
    }
    out = folder.parent / "out"
    modelpack(folder, registry, "pull", str(out))
    assert (out / "model.safetensors").read_bytes() == WEIGHTS
    assert (out / "sub" / "notes.txt").read_text() == "notes"


def test_modelpack_client_pulls_what_others_committed(registry: Registry, folder: Path) -> None:
    registry.push_files("main", {"model.safetensors": WEIGHTS})
    line = {"key": "file", "value": {"path": "a/b.txt", "content": "deep", "encoding": "utf-8"}}
    lines = [{"key": "header", "value": {"summary": "Add a file"}}, line]
    registry.http.post(f"api/models/{registry.name}/commit/main", content="\n".join(map(json.dumps, lines)))
    out = folder.parent / "out"
    modelpack(folder, registry, "pull", str(out))
    assert (out / "model.safetensors").read_bytes() == WEIGHTS
    assert (out / "a" / "b.txt").read_text() == "deep"


def layers(manifest: dict[str, Any]) -> set[str]:
    return {layer["annotations"][TITLE] for layer in manifest["layers"]}


def test_skopeo_inspects_and_copies_both_ways(registry: Registry, folder: Path) -> None:
    registry.push_files("main", {"model.safetensors": WEIGHTS, "config.json": b"{}"})
    line = {"key": "file", "value": {"path": "b.txt", "content": "2", "encoding": "utf-8"}}
    lines = [{"key": "header", "value": {"summary": "Add b"}}, line]
    registry.http.post(f"api/models/{registry.name}/commit/main", content="\n".join(map(json.dumps, lines)))
    source = f"docker://{host(registry.hub)}/{registry.name}"
    login = f"ada:{TOKENS['ada']}"
    raw = skopeo(folder, "inspect", "--tls-verify=false", "--raw", f"{source}:main")
    assert digest_of(raw.encode()) == registry.manifest("main").headers["Docker-Content-Digest"]
    listed = json.loads(skopeo(folder, "list-tags", "--tls-verify=false", source))
    assert listed["Tags"] == ["main"]

    place = f"dir:{folder.parent}/copy"
    skopeo(folder, "copy", "--src-tls-verify=false", f"{source}:main", place)
    kept = (folder.parent / "copy" / "manifest.json").read_bytes()
    assert kept.decode() == raw
    weights = folder.parent / "copy" / digest_of(WEIGHTS).removeprefix("sha256:")
    assert weights.read_bytes() == WEIGHTS

    other = Registry(registry.hub, f"{registry.name}-skopeo")
    target = f"docker://{host(registry.hub)}/{other.name}"
    skopeo(folder, "copy", "--dest-tls-verify=false", "--dest-creds", login, place, f"{target}:main")
    assert files(other) == files(registry)
    skopeo(
        folder, "copy", "--src-tls-verify=false", "--dest-tls-verify=false", "--dest-creds", login,
        f"{source}:main", f"{target}:v2",
    )  # fmt: skip
    assert files(other, "v2") == files(registry)
    assert layers(other.manifest("v2").json()) == layers(registry.manifest("main").json())


def test_skopeo_copies_a_container_image(registry: Registry, folder: Path) -> None:
    """An image is nothing the hub understands: it is kept as it is."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).encode()
    place = folder.parent / "image"
    place.mkdir()
    (place / "version").write_text("Directory Transport Version: 1.1\n")
    name = digest_of(config).removeprefix("sha256:")
    (place / name).write_bytes(config)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest_of(config),
            "size": len(config),
        },
        "layers": [],
    }
    (place / "manifest.json").write_text(json.dumps(manifest))
    target = f"docker://{host(registry.hub)}/{registry.name}:image"
    arguments = ["copy", "--dest-tls-verify=false", "--dest-creds"]
    skopeo(folder, *arguments, f"eve:{TOKENS['eve']}", f"dir:{place}", target, succeeds=False)
    assert code(registry.manifest("image")) == "NAME_UNKNOWN"
    skopeo(folder, *arguments, f"ada:{TOKENS['ada']}", f"dir:{place}", target)
    inspected = json.loads(skopeo(folder, "inspect", "--tls-verify=false", target))
    assert (inspected["Architecture"], inspected["RepoTags"]) == ("amd64", ["image", "main"])
    skopeo(folder, "delete", "--tls-verify=false", "--creds", f"ada:{TOKENS['ada']}", target)
    assert registry.tags() == ["main"]
