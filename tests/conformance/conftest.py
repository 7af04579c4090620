"""Hubs to score: ours, and the registry of the distribution project."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import httpx
import pytest
from bench.server import TOKEN, USER, Server

API = "/api/cg/v1/repositories"
PROGRAM = "docker-registry"
CONFIGURATION = """
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}}}
http: {{addr: 127.0.0.1:{port}}}
"""


@pytest.fixture(scope="session")
def hub() -> Iterator[Server]:
    """Our own, with the models ``bench/tiny`` (two files, one of them large) and ``bench/empty``."""
    with Server() as server, httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {TOKEN}"}) as owner:
        for name in ("tiny", "empty"):
            owner.post(API, json={"owner": USER, "name": name}).raise_for_status()
        for path, content in (("README.md", b"# tiny\n"), ("model.bin", bytes(range(256)) * 1000)):
            owner.put(f"{API}/models/{USER}/tiny/files/main/{path}", content=content).raise_for_status()
        yield server


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Debian's docker-registry, empty."""
    if shutil.which(PROGRAM) is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{PROGRAM} is missing")
        pytest.skip(f"{PROGRAM} is missing")
    folder = tmp_path_factory.mktemp("registry")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    configuration = folder / "config.yml"
    configuration.write_text(CONFIGURATION.format(folder=folder / "store", port=port))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([PROGRAM, "serve", str(configuration)], stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _wait(address: str) -> None:
    for _ in range(100):
        try:
            httpx.get(f"{address}/v2/")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the registry does not answer")
