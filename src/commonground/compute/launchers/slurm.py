"""Places the processes of a run through Slurm: one batch job, one task a process."""

import math
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from commonground.compute.launchers import tools
from commonground.compute.launchers.model import Job
from commonground.compute.launchers.shared import agent_command
from commonground.errors import EngineFailed

ALIVE = frozenset(
    [
        "PENDING",
        "CONFIGURING",
        "RUNNING",
        "COMPLETING",
        "SUSPENDED",
        "STOPPED",
        "RESIZING",
        "SIGNALING",
        "REQUEUED",
        "STAGE_OUT",
        "RESV_DEL_HOLD",
    ]
)
"""States of a job whose processes may still run, or run later."""
UNKNOWN = "Invalid job id"


class SlurmJob:
    """A batch job."""

    def __init__(self, number: str, processes: int) -> None:
        self.number, self.processes = number, processes


class Slurm:
    """Slurm of this machine's configuration (``SLURM_CONF``). ``options`` go to ``sbatch``: ``--partition=gpu``.
    Implements :class:`Engine`.
    """

    name = "slurm"

    def __init__(self, options: Sequence[str] = ()) -> None:
        self._options = tuple(options)

    async def place(self, job: Job, root: Path) -> SlurmJob:
        """Submit the job. Nothing of the worker's environment goes along (``NIL``): the agents find theirs in files."""
        command = ["sbatch", "--parsable", *self._options, *directives(job, root)]
        number = await self._call(*command, given=script(job, root).encode())
        return SlurmJob(number.strip().partition(";")[0], len(job.processes))

    async def gone(self, placed: SlurmJob) -> Mapping[int, str]:
        """All, once the job has ended; what Slurm no longer knows has, too."""
        asked = ["--noheader", "--states=all", "--format=%T", f"--jobs={placed.number}"]
        try:
            state = (await self._call("squeue", *asked)).strip() or "forgotten"
        except EngineFailed as error:
            if UNKNOWN not in str(error):
                return {}  # the controller is away: the job is not
            state = "forgotten"
        if state in ALIVE:
            return {}
        return dict.fromkeys(range(placed.processes), f"job {placed.number} is {state}")

    async def remove(self, placed: SlurmJob) -> None:
        """Cancel what is left of the job."""
        await self._call("scancel", "--quiet", placed.number)

    async def _call(self, *command: str, given: bytes = b"") -> str:
        return await tools.call(self.name, command, tools.environment("SLURM_", "SBATCH_", "MUNGE_"), given)


def directives(job: Job, root: Path) -> list[str]:
    """Options of ``sbatch``: a place for every process at once, and never a second time."""
    largest = max(process.gpus for process in job.processes)
    return [
        f"--job-name={job.name}", f"--ntasks={len(job.processes)}", f"--chdir={root}", f"--output={root / 'slurm.log'}",
        "--export=NIL", "--no-requeue", "--open-mode=append", *_task(job),
        *([f"--gpus-per-task={largest}"] if largest else []),
    ]  # fmt: skip


def _task(job: Job) -> list[str]:
    cpus = math.ceil(max(process.cpus for process in job.processes))
    memory = max(process.memory for process in job.processes)
    wanted = [f"--cpus-per-task={cpus}"]
    return [*wanted, f"--mem-per-cpu={math.ceil(memory / cpus / 2**10)}K"] if memory else wanted


def script(job: Job, root: Path) -> str:
    """What the batch job does: an agent for every process. One that is killed takes the job with it."""
    agent = shlex.join(agent_command(sys.executable, root, "SLURM_PROCID"))
    return f"#!/bin/sh\nexec srun --export=NONE --kill-on-bad-exit=1 --wait=0 {_task(job)[0]} {agent}\n"
