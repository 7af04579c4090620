"""A server in a process of its own, as the client of the protocol meets it."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from commonground.services import Services
from commonground.settings import Settings
from tests.gateways.huggingface.hub import TOKENS


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running server that knows alice and bob."""
    data = tmp_path_factory.mktemp("hub")
    asyncio.run(_accounts(data))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = "from commonground.cli.main import main; main()"
    command = [sys.executable, "-c", start, "serve", "--data", str(data), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        assert "ready" in server.stdout.readline()
        yield f"http://127.0.0.1:{port}"
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


@pytest.fixture(autouse=True, scope="module")
def fresh_client_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The transfer library remembers, per server address, which chunks the server had."""
    before = os.environ.get("HF_XET_CACHE")
    os.environ["HF_XET_CACHE"] = str(tmp_path_factory.mktemp("xet"))
    yield
    if before is None:
        del os.environ["HF_XET_CACHE"]
    else:
        os.environ["HF_XET_CACHE"] = before


async def _accounts(data: Path) -> None:
    async with await Services.open(Settings(data=data)) as services:
        for name, token in TOKENS.items():
            account = await services.accounts.create_user(name)
            await services.accounts.create_token(account.id, name="test", role="write", value=token)
