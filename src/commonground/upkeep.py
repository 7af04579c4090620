"""What a server does in the background: the tasks it knows, and what it does again and again."""

from collections.abc import Awaitable, Callable

from commonground.compute.launchers import catalogue
from commonground.compute.runs import checkpoints
from commonground.compute.runs.attempt import Tools
from commonground.compute.runs.planned import profile_path
from commonground.compute.runs.publishing import Publishing
from commonground.compute.runs.search import Searches
from commonground.compute.runs.trials import Trials
from commonground.compute.runs.worker import RunWorker, machine
from commonground.compute.runs.workspace import Inputs
from commonground.database import events
from commonground.database.clock import now_ms
from commonground.database.tasks import Handler, Running
from commonground.gateways.lfs.uploads import Uploads as LfsUploads
from commonground.hub.revisions.service import REINDEX
from commonground.hub.weights.service import TASK as READ_WEIGHTS
from commonground.hub.weights.service import WeightsReader, WeightsTask
from commonground.services import Services
from commonground.training.federated.launcher import FlowerLauncher

EVENTS_KEPT = 30 * 86_400_000
"""How long events are kept, in milliseconds."""


def task_handlers(services: Services) -> dict[str, Handler]:
    """What runs a task, by its kind."""

    async def reindex(running: Running) -> None:
        await services.revisions.reindex(running.payload["repository"])

    weights = WeightsTask(services.database, WeightsReader(services.revisions), services.repositories.by_id)
    return {**services.store.task_handlers(), READ_WEIGHTS: weights, REINDEX: reindex}


def run_worker(services: Services, **options: float) -> RunWorker:
    """What executes runs, on what the settings give to them; ``options`` are those of :class:`RunWorker`."""
    settings, repositories, revisions = services.settings, services.repositories, services.revisions
    database, accounts, runs = services.database, services.accounts, services.runs
    publishing = Publishing(database, accounts, repositories, revisions, services.store)
    searches = Searches(accounts, runs, Trials(database, runs), publishing, database.signals)
    launchers = {**catalogue.launchers(settings), "flower": FlowerLauncher(settings.flower_environment)}
    tools = Tools(
        runs=services.runs,
        inputs=Inputs(repositories, revisions),
        publishing=publishing,
        launchers={name: launcher for name, launcher in launchers.items() if name in settings.run_engines},
        root=settings.runs_root,
        profile=profile_path(settings.machine_profile),
    )
    given = settings.run_cpus, settings.run_memory, settings.run_gpus, settings.run_slots
    return RunWorker(tools, machine(*given, share=settings.workers), database.signals, searches, **options)


def upkeep(services: Services) -> list[Callable[[], Awaitable[object]]]:
    """What keeps a server tidy, to be called every now and then."""
    lfs_uploads = LfsUploads(services.database, services.store, services.settings)

    async def forget_events() -> int:
        return await services.database.write(events.prune, now_ms() - EVENTS_KEPT)

    async def reap_uploads() -> None:
        while await lfs_uploads.reap() or await services.uploads.reap():
            pass

    async def forget_checkpoints() -> int:
        return await checkpoints.prune(services.database, services.settings.runs_root)

    return [services.repositories.downloads.refresh, forget_events, reap_uploads, forget_checkpoints]
