"""The pages over real services on an empty data directory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from commonground.accounts.model import Credentials, Principal, RepositoryKind
from commonground.gateways.catalogue import open_gateways
from commonground.http.application import Application
from commonground.http.guards import same_origin_guard
from commonground.http.identity import SESSION_COOKIE
from commonground.http.routing import Router
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile, Commit, CommitRequest, DeleteFile
from commonground.services import Services
from commonground.settings import Settings
from commonground.web.pages import Web

PASSWORD = "correct horse battery"
ORIGIN = "http://hub.test"


class Hub:
    """The pages of a hub with the user ``ada``. ``visitor`` is anonymous, ``ada`` carries her token."""

    def __init__(self, services: Services, ada: Principal, token: str) -> None:
        self.services, self.principal = services, ada
        self._transport = httpx.ASGITransport(
            app=Application(
                Router(Web(services, list(open_gateways(services).values())).routes()),
                (same_origin_guard(services.settings),),
            )
        )
        self.visitor = self.browser()
        self.ada = self.browser(Authorization=f"Bearer {token}")

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """A client that reads English, unless told otherwise, and keeps cookies."""
        return httpx.AsyncClient(
            transport=self._transport, base_url=ORIGIN, headers={"Accept-Language": "en", **headers}
        )

    async def signed_in(self) -> httpx.AsyncClient:
        """A browser in which ada has signed in with her password."""
        await self.services.accounts.set_password(self._ada_id(), PASSWORD)
        browser = self.browser()
        answer = await browser.post("/login", data={"name": "ada", "password": PASSWORD})
        assert (answer.status_code, SESSION_COOKIE in browser.cookies) == (303, True)
        return browser

    def _ada_id(self) -> int:
        assert self.principal.account_id is not None
        return self.principal.account_id

    async def repository(self, name: str = "bert", kind: RepositoryKind = "model", **options: Any) -> Repository:
        """A new repository of ada's."""
        return await self.services.repositories.create(self.principal, kind, "ada", name, **options)

    async def commit(self, repository: Repository, title: str = "Change", **files: bytes | None) -> Commit:
        """Write files (``None``: delete) on the default branch; ``__`` in a name stands for a dot."""
        return await self.write(
            repository, {path.replace("__", "."): content for path, content in files.items()}, title
        )

    async def write(self, repository: Repository, files: dict[str, bytes | None], title: str = "Change") -> Commit:
        """Write files (``None``: delete) on the default branch."""
        operations = [
            DeleteFile(path) if content is None else AddFile(path=path, content=content)
            for path, content in files.items()
        ]
        request = CommitRequest(title=title, operations=list(operations))
        return await self.services.revisions.commit(repository, self.principal, "main", request)


@asynccontextmanager
async def running(folder: Path, **settings: Any) -> AsyncIterator[Hub]:
    """The pages on an empty data directory."""
    async with await Services.open(Settings(data=folder, **settings)) as services:
        ada = await services.accounts.create_user("ada", full_name="Ada Example")
        token = await services.accounts.create_token(ada.id, name="test", role="write")
        principal = await services.accounts.authenticate(Credentials("bearer", secret=token))
        yield Hub(services, principal, token)
