"""One attempt of a run on this worker: folders, inputs, processes, log, outputs. Raises, or says how it ended."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from commonground.compute.kinds import TASK
from commonground.compute.launchers.model import FINAL, KillsProcesses, Launcher, Status
from commonground.compute.planner.outcome import MEASURES
from commonground.compute.runs.jobs import environment_of_worker, job_of, peer_token, secrets_of
from commonground.compute.runs.model import Claim, Outcome
from commonground.compute.runs.output import Output
from commonground.compute.runs.planned import compared
from commonground.compute.runs.publishing import Publishing
from commonground.compute.runs.service import Runs
from commonground.compute.runs.signs import Signs
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
    profile: Path
    grace: float = 5.0


@dataclass(frozen=True)
class Start:
    """What the processes are started with; ``restart`` counts from 0."""

    secrets: Mapping[str, str]
    token: str
    restart: int = 0

    def again(self, restart: int) -> "Start":
        """The next one."""
        return replace(self, restart=restart)


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
        secrets, token = secrets_of(spec, {**os.environ, **claim.secrets}), peer_token()
        output = Output(
            self._tools.runs,
            claim,
            [*secrets.values(), token],
            ranks=spec.resources.workers + spec.resources.servers > 1,
        )
        await asyncio.to_thread(self._workspace.create, claim)
        environment = environment_of_worker()
        await self._tools.runs.describe(claim, environment)
        read = 0
        for link in claim.run.inputs:
            read += await self._tools.inputs.materialise(link, self._workspace.input(link.name))
        self._spent = Outcome(bytes_read=read)
        status, problem, final = await self._persist(Start(secrets, token), output)
        self._spent = msgspec.structs.replace(self._spent, exit_code=status.exit_code, cpu_seconds=status.cpu_seconds)
        if problem or status.exit_code != 0:
            problem = problem or _reason(status)
            await _last_word(output, f"attempt {claim.run.attempt}: {problem}")
            return self._failed(problem, final=final)
        await output.close()
        measured = await self._tools.runs.measures(claim, MEASURES)
        if comparison := await asyncio.to_thread(compared, spec, measured, self._tools.profile):
            await self._tools.runs.describe(claim, {**environment, "plan": msgspec.to_builtins(comparison)})
        written = await self._tools.publishing.publish(claim, self._workspace)
        return msgspec.structs.replace(self._spent, bytes_written=written)

    async def _persist(self, start: Start, output: Output) -> tuple[Status, str | None, bool]:
        """Attend to the processes; those of a kind are started again here, all of them, while restarts are left: the run
        keeps its lease and its folders. Also says what went wrong, and whether trying again is pointless.
        """
        run, began, cpu = self._claim.run, time.monotonic(), 0.0
        left = run.last_attempt - run.attempt if run.kind != TASK else 0
        while True:
            status, problem = await self._attend(start, output, began)
            cpu += status.cpu_seconds
            used = start.restart + status.restarts
            failed = problem is None and status.exit_code not in (0, FINAL)
            if not failed or used >= left:
                final = status.exit_code == FINAL or (failed and run.kind != TASK)
                return msgspec.structs.replace(status, cpu_seconds=cpu), problem, final
            start = start.again(used + 1)
            output.say(f"{_reason(status)}; all processes are started again ({start.restart} of {left} times)")
            await asyncio.to_thread(self._workspace.clear)

    async def _attend(self, start: Start, output: Output, began: float) -> tuple[Status, str | None]:
        """Start the processes and stay with them until they end, or are ended because something is wrong."""
        job = job_of(self._claim, self._workspace, start.secrets, token=start.token, restart=start.restart)
        handle, signs = await self._launcher.start(job), Signs()
        pumping = asyncio.create_task(self._pump(handle, output, signs))
        try:
            problem = await self._watch(pumping, output, began, lambda: self._end_frozen(handle, signs))
        finally:
            pumping.cancel()
            with suppress(asyncio.CancelledError):
                await pumping
            await asyncio.shield(self._launcher.kill(handle, self._tools.grace))
        return await self._launcher.poll(handle), problem

    async def _watch(
        self, pumping: "asyncio.Task[None]", output: Output, began: float, look: Callable[[], str | None]
    ) -> str | None:
        fault = self._claim.run.spec.fault
        while not pumping.done():
            await asyncio.wait([pumping], timeout=TICK_SECONDS)
            await output.flush()
            if problem := look():
                return problem
            if time.monotonic() - began > fault.timeout:
                return f"it took longer than its timeout of {fault.timeout:g} s"
            if fault.heartbeat is not None and time.monotonic() - output.heard_at > fault.heartbeat:
                return f"it gave no sign of life for {fault.heartbeat:g} s"
        await pumping
        return None

    def _end_frozen(self, handle: Any, signs: Signs) -> str | None:
        """Kill the processes that broke their promise; what went wrong, where one process cannot be killed."""
        for role, rank in signs.broken():
            if not isinstance(self._launcher, KillsProcesses):
                return f"{role} {rank} gave no sign of life"
            self._launcher.kill_process(handle, role, rank)
        return None

    async def _pump(self, handle: Any, output: Output, signs: Signs) -> None:
        async for line in self._launcher.logs(handle):
            signs.take(line)
            await output.take(line)
        await self._launcher.wait(handle)


def _reason(status: Status) -> str:
    return f"{status.failed} ended with exit code {status.exit_code}"


async def _last_word(output: Output, text: str) -> None:
    output.say(text)
    await output.close()
