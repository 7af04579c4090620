"""A hub on which programs are trained, and what is left of a run to look at."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load

from commonground.compute.runs.model import Run
from commonground.hub.repositories.model import Repository
from tests.compute.runs.house import House, house, working


class School:
    """Submits programs as the input ``code`` of runs that publish ``alice/model``."""

    def __init__(self, home: House, model: Repository) -> None:
        self.home, self._model, self._count = home, model, 0

    async def submit(self, code: str, **more: Any) -> Run:
        """Begin a run of ``code``, whose function ``build`` makes the program."""
        self._count += 1
        _, head = await self.home.repository(f"code-{self._count}", program__py=code)
        return await self.home.runs.submit(self.home.alice, {
            "entry": "program:build",
            "inputs": {"code": f"hub://alice/code-{self._count}@{head}"},
            "outputs": {"model": "hub://alice/model"},
            "fault": {"max_restarts": 0},
            **more,
        })  # fmt: skip

    async def train(self, code: str, **more: Any) -> dict[str, "np.ndarray[Any, Any]"]:
        """Submit, wait until it succeeded; the published arrays."""
        return await self.graduated(await self.submit(code, **more))

    async def graduated(self, run: Run, seconds: float = 30) -> dict[str, "np.ndarray[Any, Any]"]:
        """The published arrays of a run, once it succeeded."""
        ended = await self.home.until(run.id, lambda found: found.state not in {"queued", "running"}, seconds)
        assert ended.state == "succeeded", f"{ended.error}\n{await self.home.log(run.id)}"
        files = await self.home.files(self._model, ended.outputs[0].commit or "")
        return load(files["model.safetensors"])

    async def metric(self, run: Run, key: str) -> Mapping[int, float]:
        """The values of a metric by step."""
        return {point.step: point.value for point in await self.home.runs.metrics(self.home.alice, run.id, [key])}

    async def reached(self, run: Run, step: int, seconds: float = 30) -> None:
        """Wait until the run reports a step as late as this."""
        give_up = time.monotonic() + seconds
        while max(await self.metric(run, "loss"), default=0) < step:
            assert time.monotonic() < give_up, await self.home.log(run.id)
            await asyncio.sleep(0.02)

    async def progressed(self, run: Run, since: int, seconds: float = 60) -> float:
        """How many seconds after ``since`` (UTC milliseconds) a step later than all before was reported."""
        give_up = time.monotonic() + seconds
        while True:
            points = await self.home.runs.metrics(self.home.alice, run.id, ["loss"])
            before = max((point.step for point in points if point.time <= since), default=0)
            if later := [point.time for point in points if point.time > since and point.step > before]:
                return (min(later) - since) / 1000
            assert time.monotonic() < give_up, await self.home.log(run.id)
            await asyncio.sleep(0.02)

    def checkpoint(self, run: Run) -> Path:
        """The folder of a run's checkpoint."""
        return self.home.services.settings.data.absolute() / "runs" / str(run.id) / "checkpoint"


@asynccontextmanager
async def school(folder: Path, **settings: Any) -> AsyncIterator[School]:
    """A hub with a worker of 64 processors."""
    async with house(folder, run_cpus=64, **settings) as home, working(home.services):
        yield School(home, (await home.repository("model"))[0])
