"""The engine ``flower``: processes of this machine that know where Flower's environment is."""

from pathlib import Path

import msgspec

from commonground.compute.launchers.local import LocalHandle, LocalLauncher
from commonground.compute.launchers.model import Job
from commonground.training.federated.flower import ENVIRONMENT


class FlowerLauncher(LocalLauncher):
    """Starts processes here, and tells them of ``environment``, the folder of Flower's."""

    def __init__(self, environment: Path | None, grace: float = 5.0) -> None:
        super().__init__(grace)
        self._told = {ENVIRONMENT: str(environment.absolute())} if environment else {}

    async def start(self, job: Job) -> LocalHandle:
        """Start all processes or none."""
        processes = [
            msgspec.structs.replace(process, environment={**process.environment, **self._told})
            for process in job.processes
        ]
        return await super().start(msgspec.structs.replace(job, processes=processes))
