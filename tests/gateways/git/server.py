"""A real server in a process of its own, and two users: ada owns, eve tries."""

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from commonground.accounts.model import Principal
from commonground.hub.repositories.model import Repository
from commonground.services import Services
from commonground.settings import Settings

T = TypeVar("T")

TOKENS = {"ada": "hf_" + "a" * 40, "eve": "hf_" + "e" * 40}
READ_TOKEN = "hf_" + "r" * 40


class Hub(msgspec.Struct):
    """The running server."""

    port: int
    settings: Settings
    log: Path

    def url(self, path: str = "", user: str | None = None) -> str:
        """An address, with a user's token as password."""
        login = f"{user}:{TOKENS[user]}@" if user else ""
        return f"http://{login}127.0.0.1:{self.port}/{path}"

    def client(self, user: str | None = "ada") -> httpx.Client:
        """An HTTP client that is signed in."""
        headers = {"Authorization": f"Bearer {TOKENS[user]}"} if user else {}
        return httpx.Client(base_url=self.url(), headers=headers, timeout=60)

    def run(self, work: Callable[[Services], Awaitable[T]]) -> T:
        """The result of something done with the services of the server's database."""

        async def main() -> T:
            async with await Services.open(self.settings) as services:
                return await work(services)

        return asyncio.run(main())

    def create(self, name: str, kind: Any = "model", visibility: Any = "public") -> Repository:
        """A new repository of ada's."""

        async def work(services: Services) -> Repository:
            return await services.repositories.create(
                await principal_of(services, "ada"), kind, "ada", name, visibility=visibility
            )

        return self.run(work)


async def principal_of(services: Services, name: str) -> Principal:
    """A user as the services see them."""
    account = await services.accounts.find(name)
    return Principal(account_id=account.id, name=name, via="internal")


@contextmanager
def running(folder: Path, **settings: Any) -> Iterator[Hub]:
    """A server with its data in ``folder``."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    made = Settings(data=folder / "data", **settings)
    hub = Hub(port, made, folder / "server.log")
    hub.run(_users)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CG_", "HF_"))}
    given = {f"CG_{name.upper()}": str(value) for name, value in {"data": made.data, **settings}.items()}
    with hub.log.open("wb") as log:
        command = [str(Path(sys.executable).with_name("commonground")), "serve", "--port", str(port)]
        process = subprocess.Popen(command, env=clean | given, stdout=log, stderr=log)
    try:
        _wait(hub.url("readyz"), process)
        yield hub
    finally:
        process.terminate()
        process.wait(20)


async def _users(services: Services) -> None:
    for name, token in TOKENS.items():
        account = await services.accounts.create_user(name, by_admin=True)
        await services.accounts.create_token(account.id, name="test", role="write", value=token)
        if name == "ada":
            await services.accounts.create_token(account.id, name="reader", role="read", value=READ_TOKEN)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=2)
            return
        except OSError:
            assert process.poll() is None, "the server ended"
            time.sleep(0.05)
    raise TimeoutError(url)
