"""Places the processes of a run on a Ray cluster: Ray's actors hold the agents, and nothing of the data goes through it."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from commonground.compute.launchers import tools
from commonground.compute.launchers.model import Job, Process
from commonground.compute.launchers.shared import agent_command
from commonground.errors import EngineFailed

DRIVER = Path(__file__).with_name("ray_driver.py")
LEAVE_SECONDS = 10.0


class _Gone(msgspec.Struct):
    number: int
    reason: str


class RayJob:
    """A driver that holds a placement group and its actors: they live as long as it does."""

    def __init__(self, driver: asyncio.subprocess.Process, processes: int) -> None:
        self.driver, self.processes = driver, processes
        self.gone: dict[int, str] = {}
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        """What the driver says of processes that are gone, until it ends; then all are."""
        assert self.driver.stdout is not None
        assert self.driver.stderr is not None
        complaints = asyncio.create_task(_last(self.driver.stderr))
        async for line in self.driver.stdout:
            with suppress(msgspec.DecodeError):  # Ray prints, too
                found = msgspec.json.decode(line, type=_Gone)
                self.gone.setdefault(found.number, found.reason)
        text = tools.said(await complaints)
        for number in range(self.processes):
            self.gone.setdefault(number, f"the connection to Ray ended: {text}")


class RayCluster:
    """The Ray cluster at ``address``; ``python`` is the interpreter that has Ray, in the cluster's version. Implements
    :class:`Engine`. Ray's own settings are those of the worker's environment (``RAY_AUTH_MODE``, ``RAY_AUTH_TOKEN``).
    """

    name = "ray"

    def __init__(self, address: str = "", python: str = "") -> None:
        self._address, self._python = address or "auto", python or sys.executable

    async def place(self, job: Job, root: Path) -> RayJob:
        """Start a driver, which reserves the places of all processes at once."""
        asked: dict[str, Any] = {
            "address": self._address, "name": job.name, "bundles": [_bundle(process) for process in job.processes],
            "commands": [agent_command("", root, str(number)) for number in range(len(job.processes))],
        }  # fmt: skip
        environment = {**tools.environment("RAY_"), "RAY_USAGE_STATS_ENABLED": "0"}
        try:
            driver = await asyncio.create_subprocess_exec(
                self._python, "-I", str(DRIVER), env=environment, stdin=PIPE, stdout=PIPE, stderr=PIPE,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise EngineFailed(engine=self.name, reason=f"{self._python}: {os.strerror(error.errno or 0)}") from None
        assert driver.stdin is not None
        driver.stdin.write(msgspec.json.encode(asked) + b"\n")
        return RayJob(driver, len(job.processes))

    async def gone(self, placed: RayJob) -> Mapping[int, str]:
        """Those whose actor ended, or could not be started."""
        return dict(placed.gone)

    async def remove(self, placed: RayJob) -> None:
        """End the driver: its actors and their agents end with it."""
        assert placed.driver.stdin is not None
        placed.driver.stdin.close()
        try:
            await asyncio.wait_for(placed.driver.wait(), LEAVE_SECONDS)
        except TimeoutError:
            placed.driver.kill()
        await placed.reading


def _bundle(process: Process) -> dict[str, float]:
    wanted = {"CPU": process.cpus, "GPU": float(process.gpus), "memory": float(process.memory)}
    return {name: amount for name, amount in wanted.items() if amount}


async def _last(stream: asyncio.StreamReader) -> bytes:
    text = b""
    while part := await stream.read(2**14):
        text = (text + part)[-(2**14) :]
    return text
