"""A real server with nothing but the Xet gateway, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from granian import Granian
from granian.constants import Interfaces
from sqlalchemy import Connection

from commonground.accounts.signing import Signer
from commonground.database import Database
from commonground.database.schema import metadata
from commonground.gateways.xet import XetGateway
from commonground.http.application import Application
from commonground.http.routing import Router
from commonground.http.transfer_tokens import issue_xet
from commonground.settings import Settings
from commonground.store.backends import open_backend
from commonground.store.service import Store

if TYPE_CHECKING:
    from commonground.services import Services

KEY = b"k" * 32
PUBLIC = 1000
"""Repositories with an id up to this one may be read by everybody, those above it by the account with the same id."""


class Guard:
    def readable(self, connection: Connection, account_id: int | None, repository_ids: Sequence[int]) -> set[int]:
        return {at for at in repository_ids if at <= PUBLIC or at == account_id}


def open_store(settings: Settings) -> Store:
    database = Database(settings.database_address)
    database.write_now(metadata.create_all)
    return Store(database, open_backend(settings), settings, Guard())


def build() -> Application:
    settings = Settings(
        data=Path(os.environ["CAS_DATA"]),
        storage_url=os.environ.get("CAS_STORAGE", ""),
        inline_verify_limit=int(os.environ.get("CAS_INLINE", "268435456")),
    )
    store = open_store(settings)
    services = cast("Services", SimpleNamespace(store=store, signer=Signer(KEY), settings=settings))
    return Application(Router(XetGateway(services).routes()), shutdown=store.close)


@dataclass
class Cas:
    """A running server, seen from outside and from its data directory."""

    port: int
    settings: Settings
    store: Store

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/xet"

    def token(
        self, account: int | None, repository: int | None = None, *, write: bool = True, seconds: int = 600
    ) -> str:
        return issue_xet(Signer(KEY), account, repository, write=write, seconds=seconds)

    def client_options(
        self, account: int | None, repository: int | None = None, *, write: bool = True
    ) -> dict[str, Any]:
        token = self.token(account, repository, write=write)
        return {"endpoint": self.url, "token": token, "token_expiry_unix_secs": int(time.time()) + 600}

    def requests(self) -> str:
        """The access log so far."""
        return (self.settings.data.parent / "cas.log").read_text()

    def stored_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.xorb_files())

    def xorb_files(self) -> list[Path]:
        return [path for path in (self.settings.data / "store" / "xorbs").rglob("*") if path.is_file()]

    def link(self, repository: int, account: int, file_hash: bytes) -> None:
        """Do what a commit does."""
        file = asyncio.run(self.store.permitted(account, None, file_hash))
        self.store.database.write_now(self.store.link, repository, account, file)


@contextmanager
def running(data: Path, **environment: str) -> Iterator[Cas]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "CAS_"))}
    environment = {**clean, "CAS_DATA": str(data), "CAS_PORT": str(port), **environment}
    with (data.parent / "cas.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", __name__], env=environment, stdout=log, stderr=log)
    settings = Settings(data=data, storage_url=environment.get("CAS_STORAGE", ""))
    store = None
    try:
        _wait(f"http://127.0.0.1:{port}/xet/v1/telemetry", process)
        store = open_store(settings)
        yield Cas(port, settings, store)
    finally:
        process.terminate()
        process.wait(10)
        if store is not None:
            store.database.close()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, b"", timeout=2)
        except urllib.error.HTTPError:
            return
        except OSError:
            assert process.poll() is None, "the server ended"
            time.sleep(0.05)
    raise TimeoutError(url)


if __name__ == "__main__":
    Granian(
        f"{__spec__.name}:build",
        factory=True,
        port=int(os.environ["CAS_PORT"]),
        interface=Interfaces.ASGI,
        log_access=True,
    ).serve()
