"""One attempt of a run on this worker: folders, inputs, processes, log, outputs. Raises, or says how it ended."""

import asyncio
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from commonground.compute.launchers.model import Launcher, Status
from commonground.compute.runs.jobs import environment_of_worker, job_of, secrets_of
from commonground.compute.runs.model import Claim, Outcome
from commonground.compute.runs.output import Output
from commonground.compute.runs.publishing import Publishing
from commonground.compute.runs.service import Runs
from commonground.compute.runs.workspace import Inputs, Workspace
from commonground.errors import CommongroundError, RunLost
from commonground.telemetry import logger

TICK_SECONDS = 0.25


@dataclass(frozen=True)
class Tools:
    """What attempts need. ``root`` is the folder of all of them, ``grace`` how long processes may take to end."""

    runs: Runs
    inputs: Inputs
    publishing: Publishing
    launchers: Mapping[str, Launcher[Any]]
    root: Path
    grace: float = 5.0


class Attempt:
    """Executes a claim. Cancelled, it kills the processes and leaves no folder."""

    def __init__(self, tools: Tools, claim: Claim) -> None:
        self._tools, self._claim = tools, claim
        self._launcher = tools.launchers[claim.run.engine]
        self._workspace = Workspace(tools.root, claim)
        self._spent = Outcome()

    async def run(self) -> Outcome:
        """How it ended; :class:`RunLost` when the claim no longer holds."""
        try:
            outcome = await self._execute()
        except RunLost:
            raise
        except CommongroundError as error:  # what is wrong with the specification will be wrong the next time, too
            outcome = self._failed(f"{error.code}: {error}", final=error.status < 500)
        except OSError as error:
            outcome = self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - process edge: a defect is recorded, the worker lives on
            logger().exception("an attempt failed", run=self._claim.run.id)
            outcome = self._failed(f"{type(error).__name__}: {error}")
        finally:
            await asyncio.to_thread(self._workspace.remove)
        if outcome.succeeded:
            await asyncio.to_thread(self._workspace.remove_all)
        return outcome

    def _failed(self, error: str, *, final: bool = False) -> Outcome:
        return msgspec.structs.replace(self._spent, error=error, final=final)

    async def _execute(self) -> Outcome:
        claim, spec = self._claim, self._claim.run.spec
        secrets = secrets_of(spec, os.environ)
        output = Output(
            self._tools.runs, claim, secrets.values(), ranks=spec.resources.workers + spec.resources.servers > 1
        )
        await asyncio.to_thread(self._workspace.create, claim)
        await self._tools.runs.describe(claim, environment_of_worker())
        read = 0
        for link in claim.run.inputs:
            read += await self._tools.inputs.materialise(link, self._workspace.input(link.name))
        self._spent = Outcome(bytes_read=read)
        status, problem = await self._attend(secrets, output)
        self._spent = msgspec.structs.replace(self._spent, exit_code=status.exit_code, cpu_seconds=status.cpu_seconds)
        if problem or status.exit_code != 0:
            problem = problem or f"{status.failed} ended with exit code {status.exit_code}"
            await _last_word(output, f"attempt {claim.run.attempt}: {problem}")
            return self._failed(problem)
        await output.close()
        written = await self._tools.publishing.publish(claim, self._workspace)
        return msgspec.structs.replace(self._spent, bytes_written=written)

    async def _attend(self, secrets: Mapping[str, str], output: Output) -> tuple[Status, str | None]:
        """Start the processes and stay with them until they end, or are ended because something is wrong."""
        handle = await self._launcher.start(job_of(self._claim, self._workspace, secrets))
        pumping = asyncio.create_task(self._pump(handle, output))
        try:
            problem = await self._watch(pumping, output)
        finally:
            pumping.cancel()
            with suppress(asyncio.CancelledError):
                await pumping
            await asyncio.shield(self._launcher.kill(handle, self._tools.grace))
        return await self._launcher.poll(handle), problem

    async def _watch(self, pumping: "asyncio.Task[None]", output: Output) -> str | None:
        fault, began = self._claim.run.spec.fault, time.monotonic()
        while not pumping.done():
            await asyncio.wait([pumping], timeout=TICK_SECONDS)
            await output.flush()
            if time.monotonic() - began > fault.timeout:
                return f"it took longer than its timeout of {fault.timeout:g} s"
            if fault.heartbeat is not None and time.monotonic() - output.heard_at > fault.heartbeat:
                return f"it gave no sign of life for {fault.heartbeat:g} s"
        await pumping
        return None

    async def _pump(self, handle: Any, output: Output) -> None:
        async for line in self._launcher.logs(handle):
            await output.take(line)
        await self._launcher.wait(handle)


async def _last_word(output: Output, text: str) -> None:
    output.say(text)
    await output.close()
