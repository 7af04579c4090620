"""Assembles the server: services, gateways and background work, for the role this process has."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from sqlalchemy import text

from commonground import settings as configuration
from commonground import telemetry
from commonground.compute.runs.worker import RunWorker
from commonground.database.tasks import Worker
from commonground.errors import CommongroundError
from commonground.first_start import tell_first_administrator
from commonground.gateways.catalogue import open_gateways
from commonground.http.application import Application
from commonground.http.guards import same_origin_guard
from commonground.http.health import HealthRoutes
from commonground.http.routing import Route, Router
from commonground.services import Services
from commonground.settings import START, Settings
from commonground.store.model import XORBS
from commonground.upkeep import run_worker, task_handlers, upkeep
from commonground.web.pages import Web

FLUSH_SECONDS = 5.0
WATCH_SECONDS = 1.0
UPKEEP_SECONDS = 3600.0
SCHEDULE_SECONDS = 1.0
PROBE = f"{XORBS}/probe"
"""An object nobody wrote: asking for it shows that the storage answers."""


def application() -> Application:
    """The ASGI application of this process; its settings come from the environment."""
    settings, _ = configuration.load()
    telemetry.configure(settings)
    return build(settings)


def build(settings: Settings) -> Application:
    """The application for ``settings``. It opens its services at startup and closes them at shutdown."""
    server = _Server(settings)
    guards = (same_origin_guard(settings),)
    return Application(server.router, guards, startup=server.start, shutdown=server.stop)


class _Group(Protocol):
    def routes(self) -> list[Route]: ...


class _Server:
    """What lives between startup and shutdown."""

    def __init__(self, settings: Settings) -> None:
        self.router = Router()
        self._settings = settings
        self._services: Services | None = None
        self._worker: Worker | None = None
        self._run_worker: RunWorker | None = None
        self._working: list[asyncio.Task[None]] = []
        self._repeating: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Open the services, then answer requests and work on tasks."""
        services = self._services = await Services.open(self._settings)
        for route in routes(services, self.router):
            self.router.add(route)
        self._repeat(FLUSH_SECONDS, services.repositories.downloads.flush)
        if START in os.environ:
            self._repeat(WATCH_SECONDS, _leave_with_parent)
        if self._settings.role in {"all", "web"}:
            await tell_first_administrator(services)
        if self._settings.role in {"all", "worker"}:
            for work in upkeep(services):
                self._repeat(UPKEEP_SECONDS, work)
            self._repeat(SCHEDULE_SECONDS, services.schedules.fire)
            self._worker = Worker(
                services.database, task_handlers(services), grace_seconds=float(self._settings.drain_seconds)
            )
            self._run_worker = run_worker(services)
            self._working = [asyncio.create_task(worker.run()) for worker in (self._worker, self._run_worker)]

    def _repeat(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        self._repeating.append(asyncio.create_task(_repeatedly(seconds, work)))

    async def stop(self) -> None:
        """Finish what runs and close everything."""
        for task in self._repeating:
            task.cancel()
        await asyncio.gather(*self._repeating, return_exceptions=True)
        for worker in (self._worker, self._run_worker):
            if worker is not None:
                worker.stop()
        await asyncio.gather(*self._working)
        if self._services is not None:
            await self._services.repositories.flush_downloads()
            await self._services.close()


async def _leave_with_parent() -> None:
    """End when the process that started this one is gone: a worker left behind would hold the port for ever."""
    if os.getppid() != int(os.environ[START].partition("-")[0]):
        os.kill(os.getpid(), signal.SIGTERM)


async def _repeatedly(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    """Do ``work`` again and again; what fails once may succeed the next time."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except CommongroundError as error:
            telemetry.logger().warning("periodic work failed", error=str(error), code=error.code)


def routes(services: Services, router: Router) -> Sequence[Route]:
    """Every endpoint of the role this process has. ``router`` is where they end up: the documents describe it."""

    async def database() -> None:
        await services.database.read(lambda connection: connection.execute(text("SELECT 1")).scalar())

    async def storage() -> None:
        await services.store.backend.size(PROBE)

    health = HealthRoutes({"database": database, "storage": storage}, lambda: router.routes)
    role = services.settings.role
    gateways = open_gateways(services) if role in {"all", "hub", "web"} else {}
    groups: list[_Group] = [health]
    if role in {"all", "hub"}:
        groups += gateways.values()
    if role in {"all", "web"}:
        groups.append(Web(services, list(gateways.values())))
    return [route for group in groups for route in group.routes()]
