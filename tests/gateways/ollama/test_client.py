"""Pulling models from a real server, step by step as the client does."""

import asyncio
import hashlib
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from commonground.accounts.model import Credentials
from commonground.sdk.hub import Hub
from commonground.services import Services
from commonground.settings import Settings
from tests.gateways.ollama.puller import AGENT, PullError, pull
from tests.proxy.conftest import program
from tests.sdk.live import TOKENS, running

FILES = {"template": b"{{ .Prompt }}", "params": b'{"stop": ["</s>"]}', "LICENSE": b"Apache-2.0"}


def gguf(size: int) -> bytes:
    """A model of the family llama with no tensors and many bytes behind its header."""
    key, value = b"general.architecture", b"llama"
    header = struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + struct.pack("<Q", len(key)) + key
    return header + struct.pack("<IQ", 8, len(value)) + value + os.urandom(size)


MODELS = {"tiny-Q4_K_M.gguf": gguf(3_500_000), "tiny-Q8_0.gguf": gguf(1000)}


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("hub")) as address:
        with Hub(address, TOKENS["alice"]) as hub:
            for repository in (
                hub.create_repository("alice/Tiny-GGUF").id,
                hub.create_repository("alice/secret", visibility="private").id,
            ):
                for path, content in (FILES | MODELS).items():
                    hub.upload_file(f"{repository}/{path}", content)
            hub.create_tag("alice/Tiny-GGUF", "v1")
            hub.create_branch("alice/Tiny-GGUF", "dev/x")
            hub.delete_file("alice/Tiny-GGUF@dev%2Fx/tiny-Q4_K_M.gguf")
            hub.create_repository("alice/plain")
        yield address


def test_a_model_is_pulled_in_parts_with_what_belongs_to_it(origin: str) -> None:
    pulled = pull(origin, "alice/Tiny-GGUF")
    assert pulled.kinds == ["model", "template", "params", "license"]
    assert pulled.layer("model") == MODELS["tiny-Q4_K_M.gguf"]
    for kind, path in (("template", "template"), ("params", "params"), ("license", "LICENSE")):
        assert pulled.layer(kind) == FILES[path]
    assert (pulled.config["model_family"], pulled.config["file_type"]) == ("llama", "Q4_K_M")


@pytest.mark.parametrize(
    ("tag", "path"),
    [
        ("Q8_0", "tiny-Q8_0.gguf"),
        ("q8_0", "tiny-Q8_0.gguf"),
        ("tiny-Q8_0.gguf", "tiny-Q8_0.gguf"),
        ("v1", "tiny-Q4_K_M.gguf"),
        ("dev--x", "tiny-Q8_0.gguf"),
        ("main", "tiny-Q4_K_M.gguf"),
    ],
)
def test_a_tag_is_a_quantisation_a_file_or_a_revision(origin: str, tag: str, path: str) -> None:
    assert pull(origin, "alice/tiny-gguf", tag).layer("model") == MODELS[path]


def test_capitals_are_no_obstacle_and_other_clients_see_no_difference(origin: str) -> None:
    digest = f"sha256:{hashlib.sha256(FILES['params']).hexdigest()}"
    pull(origin, "alice/Tiny-GGUF")
    answer = httpx.get(f"{origin}/v2/alice/Tiny-GGUF/blobs/{digest}", headers={"User-Agent": "oras/1.2"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "NAME_INVALID")
    with pytest.raises(PullError, match="does not exist"):
        pull(origin, "alice/Tiny-GGUF", "Q2_K")


def test_the_same_model_has_the_same_manifest(origin: str) -> None:
    first, second = (
        httpx.get(f"{origin}/v2/alice/tiny-gguf/manifests/{tag}", headers={"User-Agent": AGENT})
        for tag in ("v1", "Q4_K_M")
    )
    assert first.content == second.content
    digest = f"sha256:{hashlib.sha256(first.content).hexdigest()}"
    assert first.headers["docker-content-digest"] == digest
    assert first.headers["content-type"] == "application/vnd.docker.distribution.manifest.v2+json"


@pytest.mark.parametrize("name", ["alice/plain", "alice/tiny-gguf"])
def test_what_is_no_model_is_not_found(origin: str, name: str) -> None:
    with pytest.raises(PullError, match="does not exist"):
        pull(origin, name, "Q2_K")


def test_what_is_absent_and_what_is_private_look_alike(origin: str) -> None:
    messages = []
    for name in ("alice/secret", "alice/absent"):
        with pytest.raises(PullError) as refused:
            pull(origin, name)
        messages.append(str(refused.value))
    assert messages[0] == messages[1]
    assert messages[0].startswith("401")


def test_refusals_are_those_of_the_registry_protocol(origin: str) -> None:
    for path in ("alice/secret/manifests/latest", "alice/plain/manifests/latest2", "alice/absent/manifests/Q4_K_M"):
        answer = httpx.get(f"{origin}/v2/{path}", headers={"User-Agent": AGENT}, follow_redirects=True)
        assert answer.status_code in {401, 404}
        assert answer.json()["errors"][0]["code"] in {"UNAUTHORIZED", "MANIFEST_UNKNOWN"}


def test_other_clients_get_the_manifest_of_the_registry(origin: str) -> None:
    answer = httpx.get(f"{origin}/v2/alice/tiny-gguf/manifests/main")
    assert answer.json()["artifactType"] == "application/vnd.cncf.model.manifest.v1+json"


def test_pulled_is_downloaded_once(origin: str) -> None:
    with Hub(origin, TOKENS["alice"]) as hub:
        repository = hub.create_repository("alice/counted").id
        hub.upload_file(f"{repository}/m.gguf", gguf(10))
        before = {entry.path for entry in hub.list_tree(repository)}
        pull(origin, "alice/counted")
        pull(origin, "alice/counted")
        assert {entry.path for entry in hub.list_tree(repository)} == before


def test_what_only_a_manifest_needs_goes_with_gc_and_comes_back(tmp_path: Path) -> None:
    async def gc() -> int:
        async with await Services.open(Settings(data=tmp_path, upload_lease_seconds=0)) as services:
            alice = await services.accounts.authenticate(Credentials("bearer", secret=TOKENS["alice"]))
            repository = await services.repositories.open(alice, "model", "alice", "small")
            return (await services.revisions.gc(repository)).unlinked

    with running(tmp_path) as address, Hub(address, TOKENS["alice"]) as hub:
        hub.create_repository("alice/small")
        for path, content in (FILES | {"m.gguf": gguf(10)}).items():
            hub.upload_file(f"alice/small/{path}", content)
        first = pull(address, "alice/small")
        time.sleep(0.01)  # gc keeps what is as young as the present millisecond
        assert asyncio.run(gc()) == len(FILES) + 1  # the config
        assert pull(address, "alice/small") == first


def test_a_private_model_is_pulled_through_the_proxy(origin: str) -> None:
    with program("ollama", "--hub", origin, token=TOKENS["alice"]) as proxy:
        assert pull(proxy, "alice/secret").layer("model") == MODELS["tiny-Q4_K_M.gguf"]
    with program("ollama", "--hub", origin, token=TOKENS["bob"]) as proxy, pytest.raises(PullError):
        pull(proxy, "alice/secret")
