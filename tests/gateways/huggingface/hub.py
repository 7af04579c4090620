"""A whole server in this process, with two users, and a client for each of them."""

import asyncio
import atexit
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache, wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ParamSpec

import anyio
import httpx

from commonground.app import build
from commonground.http.application import Application
from commonground.services import Services
from commonground.settings import Settings

P = ParamSpec("P")

TOKENS = {"alice": "hf_" + "a" * 40, "bob": "hf_" + "b" * 40}


class Hub:
    """A running server. ``hub.alice`` and ``hub.bob`` are users, ``hub.nobody`` is anonymous."""

    def __init__(self, application: Application, restart: Callable[[], Awaitable[Application]]) -> None:
        self._restart = restart
        self._connect(application)

    async def restart(self) -> None:
        """Shut the server down and start it again on the same data."""
        self._connect(await self._restart())

    def _connect(self, application: Application) -> None:
        self._transport = httpx.ASGITransport(app=application)
        self.alice, self.bob, self.nobody = (self.client(name) for name in ("alice", "bob", None))

    def client(self, name: str | None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {TOKENS[name]}"} if name else {}
        return httpx.AsyncClient(transport=self._transport, base_url="http://hub.test", headers=headers)

    async def repository(self, name: str = "bert", **options: Any) -> str:
        """A new repository of alice's; its id."""
        answer = await self.alice.post("/api/repos/create", json={"name": name, **options})
        assert answer.status_code == 200, answer.text
        return f"alice/{name}"

    async def commit(self, repository: str, *lines: dict[str, Any], kind: str = "models", **header: Any) -> str:
        """A commit on main; its id."""
        answer = await self.send_commit(repository, *lines, kind=kind, **header)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["commitOid"])

    async def send_commit(
        self, repository: str, *lines: dict[str, Any], kind: str = "models", revision: str = "main", **header: Any
    ) -> httpx.Response:
        head = {"key": "header", "value": {"summary": "Change files", "description": "", **header}}
        body = b"\n".join(httpx.Request("POST", "http://x", json=line).content for line in (head, *lines))
        return await self.alice.post(f"/api/{kind}/{repository}/commit/{revision}", content=body)


def file(path: str, content: str) -> dict[str, Any]:
    """A line of a commit that adds a regular file."""
    return {"key": "file", "value": {"path": path, "content": content, "encoding": "utf-8"}}


@cache
def _prepared() -> Path:
    """A data directory with the users in it, made once and copied for every test."""

    async def prepare() -> None:
        async with await Services.open(Settings(data=folder)) as services:
            for name, token in TOKENS.items():
                account = await services.accounts.create_user(name)
                await services.accounts.create_token(account.id, name="test", role="write", value=token)

    place = TemporaryDirectory()
    atexit.register(place.cleanup)
    folder = Path(place.name) / "hub"
    anyio.run(prepare)
    return folder


@asynccontextmanager
async def running(folder: Path, **settings: Any) -> AsyncIterator[Hub]:
    """A server on a copy of the prepared data directory."""
    async with AsyncExitStack() as stack:

        async def start() -> Application:
            await stack.aclose()
            application = build(Settings(data=folder, role="hub", **settings))
            await stack.enter_async_context(lifespan(application))
            return application

        yield Hub(await start(), start)


@asynccontextmanager
async def lifespan(application: Application) -> AsyncIterator[None]:
    """What an ASGI server does around the requests."""
    messages: asyncio.Queue[Any] = asyncio.Queue()
    answers: asyncio.Queue[Any] = asyncio.Queue()
    task = asyncio.create_task(application({"type": "lifespan"}, messages.get, answers.put))
    await messages.put({"type": "lifespan.startup"})
    started = await answers.get()
    assert started["type"] == "lifespan.startup.complete", started
    try:
        yield
    finally:
        await messages.put({"type": "lifespan.shutdown"})
        await task


def on_a_hub(test: Callable[[Hub], Awaitable[None]]) -> Callable[[Path], None]:
    """Run an async test with a fresh hub."""

    @wraps(test)
    def run(tmp_path: Path) -> None:
        shutil.copytree(_prepared(), tmp_path / "hub")

        async def inside() -> None:
            async with running(tmp_path / "hub") as hub:
                await test(hub)

        anyio.run(inside)

    del run.__wrapped__
    run.__annotations__ = {"tmp_path": Path}
    return run
