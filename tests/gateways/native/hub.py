"""The routes of the API over real services on an empty data directory, with a client for each user."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from commonground.accounts.model import Scope, TokenRole
from commonground.gateways.native.gateway import NativeGateway
from commonground.http.application import Application
from commonground.http.routing import Router
from commonground.services import Services
from commonground.settings import Settings

API = "/api/cg/v1"
BERT = f"{API}/repositories/models/alice/bert"


class Hub:
    """A running API. ``alice`` and ``bob`` are users, ``root`` an administrator, ``nobody`` is anonymous."""

    def __init__(self, services: Services, tokens: dict[str, str]) -> None:
        self.services = services
        self.application = Application(Router(NativeGateway(services).routes()))
        self._transport = httpx.ASGITransport(app=self.application)
        self.nobody = self.client(None)
        self.alice, self.bob, self.root = (self.client(tokens[name]) for name in ("alice", "bob", "root"))

    def client(self, token: str | None) -> httpx.AsyncClient:
        """A client that sends ``token``."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(transport=self._transport, base_url="http://hub.test", headers=headers)

    async def token(self, user: str, role: TokenRole, scopes: tuple[Scope, ...] = ()) -> httpx.AsyncClient:
        """A client with a new token of ``user``."""
        account = await self.services.accounts.find(user)
        text = await self.services.accounts.create_token(account.id, name=role, role=role, scopes=scopes)
        return self.client(text)

    async def create(self, name: str = "bert", **body: Any) -> dict[str, Any]:
        """A new repository of alice's."""
        answer = await self.alice.post(f"{API}/repositories", json={"owner": "alice", "name": name, **body})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def write(self, path: str, content: bytes, repository: str = BERT, branch: str = "main") -> str:
        """A file on a branch; the id of its commit."""
        answer = await self.alice.put(f"{repository}/files/{branch}/{path}", content=content)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


@asynccontextmanager
async def running(folder: Path, **settings: Any) -> AsyncIterator[Hub]:
    """The API on an empty data directory."""
    async with await Services.open(Settings(data=folder, **settings)) as services:
        tokens = {}
        for name in ("alice", "bob", "root"):
            account = await services.accounts.create_user(name, is_admin=name == "root", by_admin=True)
            tokens[name] = await services.accounts.create_token(account.id, name="test", role="write")
        yield Hub(services, tokens)


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and stable code of a failure."""
    return answer.status_code, str(answer.json()["code"])
