"""One server for these tests, with a public, a private and a data set repository of ada's."""

from collections.abc import Iterator

import httpx
import pytest
from bench.server import Server

from tests.gateways.mcp.house import TOKENS, House


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    with Server() as server:
        for name, token in TOKENS.items():
            server.command("admin", "create-user", name, "--data", str(server.data))
            server.command(
                "admin", "create-token", name, "--role", "write", "--value", token, "--data", str(server.data)
            )
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {TOKENS['ada']}"}) as ada:
            yield House.furnished(server, ada)
