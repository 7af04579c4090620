"""Tracking: what clients report of work that is done elsewhere, and the models that come out of it."""

from collections.abc import Callable

from commonground.compute.tracking.artifacts import Artifacts
from commonground.compute.tracking.experiments import Experiments
from commonground.compute.tracking.logged_models import LoggedModels
from commonground.compute.tracking.recorder import Recorder
from commonground.compute.tracking.registry import Registry
from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.hub.revisions.service import Revisions
from commonground.store.service import Store


class Tracking:
    """The one face of this package."""

    def __init__(
        self, database: Database, store: Store, revisions: Revisions, clock: Callable[[], int] = now_ms
    ) -> None:
        self.experiments = Experiments(database, clock)
        self.runs = Recorder(database, self.experiments, clock)
        self.models = LoggedModels(database, self.experiments, self.runs, clock)
        self.artifacts = Artifacts(database, store, self.runs, self.models, clock)
        self.registry = Registry(database, revisions, clock)
