"""A gateway in this process, and a whole server in one of its own."""

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from bench.server import TOKEN, USER, Server

from commonground.gateways.native.wire import API
from tests.gateways.s3.hub import Hub, running


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def hub(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Hub]:
    async with running(tmp_path) as made:
        yield made


@dataclass(frozen=True)
class Endpoint:
    """A running server and a key pair of its user, who is called ``owner``."""

    url: str
    key: str
    secret: str
    owner: str
    http: httpx.Client

    @property
    def address(self) -> str:
        """What clients call the endpoint."""
        return f"{self.url}/s3"

    @property
    def environment(self) -> dict[str, str]:
        """Credentials as every client finds them."""
        return {
            **os.environ,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_ENDPOINT_URL": self.address,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def create(self, name: str, kind: str = "dataset", visibility: str = "private") -> str:
        """A new repository; its bucket."""
        body = {"kind": kind, "owner": self.owner, "name": name, "visibility": visibility}
        self.http.post(f"{API}/repositories", json=body).raise_for_status()
        return f"{'datasets.' if kind == 'dataset' else ''}{self.owner}.{name}".lower()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with Server() as server, httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        pair = http.post(f"{API}/me/access-keys", json={}).json()
        yield Endpoint(server.url, pair["id"], pair["secret"], USER, http)


def run_client(command: list[str], endpoint: Endpoint, *words: str) -> str:
    """Run a client in a process of its own; what it printed."""
    run = subprocess.run(
        [*command, *words], capture_output=True, text=True, env=endpoint.environment, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-4000:]
    return run.stdout
