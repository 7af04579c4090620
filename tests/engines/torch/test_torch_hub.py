"""torch.hub, unmodified: checkpoints by their address, repositories through the proxy or from a seeded folder."""

import hashlib
import json
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.server import COMMAND, TOKEN, USER, Server

from commonground.sdk.hub import Hub
from tests.engines.conftest import Script

HUBCONF = b"""
dependencies = ["torch"]
import torch
from net import Net


def net(scale=1.0):
    "A linear layer of ones."
    return Net(scale)
"""
NET = b"""
import torch


class Net(torch.nn.Linear):
    def __init__(self, scale):
        super().__init__(4, 1, bias=False)
        torch.nn.init.constant_(self.weight, scale)
"""

SAVE = """
import sys, torch
torch.save({"weight": torch.full((4,), 2.0)}, sys.argv[1])
"""

WEIGHTS = """
import json, sys, tempfile, torch
state = torch.hub.load_state_dict_from_url(
    sys.argv[1], model_dir=tempfile.mkdtemp(), check_hash=len(sys.argv) > 2, progress=False, weights_only=True)
print(json.dumps(state["weight"].tolist()))
"""

LOAD = """
import json, sys, torch
name = sys.argv[1]
model = torch.hub.load(name, "net", scale=3.0, trust_repo=True)
found = [torch.hub.list(name, trust_repo=True), torch.hub.help(name, "net", trust_repo=True)]
print(json.dumps([model(torch.ones(4)).item(), *found]))
"""

LOADED = [12.0, ["Net", "net"], "A linear layer of ones."]


@pytest.fixture(scope="module")
def hub(server: Server) -> Iterator[Hub]:
    with Hub(server.url, TOKEN) as client:
        yield client


@pytest.fixture(scope="module")
def model(hub: Hub, client: Script, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A private repository with code and weights."""
    repository = hub.create_repository(f"{USER}/net", visibility="private").id
    checkpoint = tmp_path_factory.mktemp("weights") / "net.pth"
    client(SAVE, str(checkpoint))
    for path, content in (("hubconf.py", HUBCONF), ("net.py", NET), ("net.pth", checkpoint.read_bytes())):
        hub.upload_file(f"{repository}/{path}", content)
    hub.create_tag(repository, "v1")
    return repository


@pytest.fixture(scope="module")
def proxied(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of programs that reach github.com through the proxy."""
    folder = tmp_path_factory.mktemp("proxy")
    environment = server.client_environment() | {"CG_TOKEN": TOKEN}
    proxy = [*COMMAND, "proxy", "github", "--port", "0", "--hub", server.url, "--data", str(folder)]
    process = subprocess.Popen(proxy, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    address = process.stdout.readline().split()[5]
    subprocess.run([*COMMAND, "proxy", "ca", "--data", str(folder), "--out", str(folder / "hub-ca.pem")], check=True)
    yield {"HTTPS_PROXY": address, "SSL_CERT_FILE": str(folder / "hub-ca.pem")}
    process.terminate()
    process.wait(10)


def test_weights_load_from_the_address_of_a_file(server: Server, hub: Hub, model: str, client: Script) -> None:
    token = hub.create_link(model).token
    address = f"{server.url}/{model}/resolve/main/net.pth?token={token}"
    assert json.loads(client(WEIGHTS, address).splitlines()[-1]) == [2.0] * 4


def test_weights_load_with_their_hash_checked(server: Server, hub: Hub, model: str, client: Script) -> None:
    token = hub.create_link(model).token
    [entry] = [entry for entry in hub.list_tree(model) if entry.path == "net.pth"]
    assert entry.sha256 is not None
    address = f"{server.url}/{model}/torch/main/net-{entry.sha256[:8]}.pth?token={token}"
    assert json.loads(client(WEIGHTS, address, "check").splitlines()[-1]) == [2.0] * 4


def test_safetensors_load_like_pickles(server: Server, hub: Hub, model: str, client: Script) -> None:
    header = json.dumps({"weight": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
    content = len(header).to_bytes(8, "little") + header + struct.pack("<4f", *[2.0] * 4)
    hub.upload_file(f"{model}/net.safetensors", content)
    digits = hashlib.sha256(content).hexdigest()[:8]
    address = f"{server.url}/{model}/torch/main/net-{digits}.safetensors?token={hub.create_link(model).token}"
    assert json.loads(client(WEIGHTS, address, "check").splitlines()[-1]) == [2.0] * 4


def test_a_wrong_hash_is_not_found(server: Server, hub: Hub, model: str, client: Script) -> None:
    address = f"{server.url}/{model}/torch/main/net-00000000.pth?token={hub.create_link(model).token}"
    with pytest.raises(AssertionError, match="HTTP Error 404"):
        client(WEIGHTS, address, "check")


@pytest.mark.parametrize("revision", ["", ":main", ":v1"])
def test_a_repository_loads_through_the_proxy(
    model: str, client: Script, proxied: dict[str, str], revision: str, tmp_path: Path
) -> None:
    found = client(LOAD, model + revision, TORCH_HOME=str(tmp_path), **proxied)
    assert json.loads(found.splitlines()[-1]) == LOADED


@pytest.mark.parametrize("revision", ["", ":main"])
def test_a_seeded_repository_loads_without_a_network(
    hub: Hub, model: str, client: Script, revision: str, tmp_path: Path
) -> None:
    hub.seed_torch_home(model, tmp_path)
    nowhere = "http://127.0.0.1:9"
    found = client(LOAD, model + revision, TORCH_HOME=str(tmp_path), HTTPS_PROXY=nowhere)
    assert json.loads(found.splitlines()[-1]) == LOADED
