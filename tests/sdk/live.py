"""A real server on a free port of this machine, with two users."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from granian.constants import Interfaces
from granian.server.embed import Server

from commonground.app import build
from commonground.services import Services
from commonground.settings import Settings

TOKENS = {"alice": "cg_" + "a" * 40, "bob": "cg_" + "b" * 40, "root": "cg_" + "r" * 40}


@contextmanager
def running(folder: Path, **settings: Any) -> Iterator[str]:
    """The address of a server on an empty data directory."""
    chosen = Settings(data=folder, drain_seconds=1, **settings)
    asyncio.run(_prepare(chosen))
    port, loop = _free_port(), asyncio.new_event_loop()
    server = Server(
        build(chosen), address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False, websockets=False
    )
    logging.getLogger("_granian").setLevel(logging.CRITICAL)
    thread = threading.Thread(target=loop.run_until_complete, args=(server.serve(),), daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{port}"
    _wait_for(address)
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join(30)


async def _prepare(settings: Settings) -> None:
    async with await Services.open(settings) as services:
        for name, token in TOKENS.items():
            account = await services.accounts.create_user(name, is_admin=name == "root", by_admin=True)
            await services.accounts.create_token(account.id, name="test", role="write", value=token)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(address: str) -> None:
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        try:
            httpx.get(f"{address}/healthz", timeout=1)
        except httpx.HTTPError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(address)
