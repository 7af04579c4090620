"""A bucket, and the credentials of its owner where every S3 client looks for them."""

import secrets
from collections.abc import Callable

import httpx
import pytest
from bench.server import TOKEN, USER, Server

from commonground.gateways.native.wire import API
from tests.engines.conftest import Script

Run = Callable[[str], str]


@pytest.fixture(scope="session")
def api(server: Server) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {TOKEN}"})


@pytest.fixture
def bucket(api: httpx.Client) -> str:
    name = f"rows-{secrets.token_hex(4)}"
    body = {"kind": "dataset", "owner": USER, "name": name, "visibility": "private"}
    api.post(f"{API}/repositories", json=body).raise_for_status()
    return f"datasets.{USER}.{name}"


@pytest.fixture
def run(client: Script, server: Server, api: httpx.Client, bucket: str) -> Run:
    """Run a script that knows ``BUCKET``, ``ENDPOINT``, ``KEY`` and ``SECRET``."""
    pair = api.post(f"{API}/me/access-keys", json={}).json()
    known = {"BUCKET": bucket, "ENDPOINT": f"{server.url}/s3", "KEY": pair["id"], "SECRET": pair["secret"]}
    head = "".join(f"{name} = {value!r}\n" for name, value in known.items())
    environment = {
        "AWS_ACCESS_KEY_ID": pair["id"],
        "AWS_SECRET_ACCESS_KEY": pair["secret"],
        "AWS_ENDPOINT_URL": f"{server.url}/s3",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return lambda script: client(head + script, **environment)
