"""Processes of this machine in containers of Podman. Each container is a process below a guard, as the local launcher
starts it; all of a job share a pod, so that they reach each other over its loopback and meet in its shared memory.
"""

import asyncio
import math
import os
import secrets
import shlex
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import msgspec

from commonground.compute.launchers import tools
from commonground.compute.launchers.local import LocalHandle, LocalLauncher
from commonground.compute.launchers.model import RESTART, Job, LogLine, Process, Status
from commonground.errors import EngineFailed

Network = Literal["none", "bridge", "host"]
LABEL = "commonground.worker"
"""On every pod: the worker's process, as its number and when it was born."""
OF_THE_WORKER = ("PATH", "LD_LIBRARY_PATH", "SSL_CERT_FILE")
"""Variables that say where things are on the worker's machine: an image has its own."""
PROCESSES = 4096
"""Most processes and threads of one container."""
READY = b"ready\n"


class _Pod(msgspec.Struct, rename="pascal"):
    name: str
    labels: dict[str, str] = {}


class ContainerHandle:
    """The pod of one job, held open by a process of its own, and the containers in it."""

    def __init__(self, pod: str, holder: LocalHandle, local: LocalHandle) -> None:
        self.pod, self.holder, self.local = pod, holder, local
        self.over: asyncio.Task[Status] | None = None


class ContainerLauncher:
    """Starts containers of ``image``, unless the job names another. They see their folders under the same paths, no
    other file of this machine, and of its network what ``network`` says. Implements :class:`Launcher`.
    """

    name = "container"

    def __init__(self, image: str = "", network: Network = "none", grace: float = 5.0) -> None:
        self._image, self._network = image, network
        self._local = LocalLauncher(grace)
        self._tidied = False

    async def start(self, job: Job) -> ContainerHandle:
        """Start all containers or none; :class:`EngineFailed`. What a killed worker left is removed first, once."""
        image = job.image or self._image
        if not image:
            raise EngineFailed(engine=self.name, reason="neither the specification nor CG_RUN_IMAGE names an image")
        if not self._tidied:
            await self._tidy()
            self._tidied = True
        pod = f"{job.name}-{secrets.token_hex(4)}"
        holder = await self._hold(job, pod)
        try:
            files = await asyncio.to_thread(_environment_files, job)
            inside = [_container(job, n, pod, image, files[n]) for n in range(len(job.processes))]
            local = await self._local.start(msgspec.structs.replace(job, processes=inside))
        except BaseException:
            await asyncio.shield(self._remove(pod, holder))
            raise
        handle = ContainerHandle(pod, holder, local)
        handle.over = asyncio.create_task(self._end(handle))
        return handle

    async def _hold(self, job: Job, pod: str) -> LocalHandle:
        """Open the pod. Podman leaves its first container to the process that asked for it, and that to its guard: so the
        pod ends with the worker, however that ends.
        """
        create = [
            "podman",
            "pod",
            "create",
            "--name",
            pod,
            "--label",
            f"{LABEL}={os.getpid()}-{_born(os.getpid())}",
            "--network",
            self._network,
        ]
        command = f"{shlex.join(create)} >&2 && podman pod start {pod} >&2 && echo ready && exec sleep infinity"
        process = Process(
            role="pod", rank=0, command=["/bin/sh", "-c", command], environment=_podman(), folder=_folder(job)
        )
        holder = await self._local.start(Job(name=pod, processes=[process]))
        complaint = b""
        try:
            async for line in self._local.logs(holder):
                if line.data == READY:
                    return holder
                complaint += line.data
        except asyncio.CancelledError:
            await asyncio.shield(self._remove(pod, holder))
            raise
        await self._remove(pod, holder)
        raise EngineFailed(engine=self.name, reason=tools.said(complaint))

    async def _end(self, handle: ContainerHandle) -> Status:
        try:
            return await self._local.wait(handle.local)
        finally:
            await self._remove(handle.pod, handle.holder)

    async def _remove(self, pod: str, holder: LocalHandle) -> None:
        await self._local.kill(holder, 0)
        with suppress(EngineFailed):  # it is removed at the next start
            await _call("pod", "rm", "--force", "--time", "0", "--ignore", pod)

    async def _tidy(self) -> None:
        """Remove the pods of workers that are gone: nothing in them runs, though Podman may not know."""
        found = await _call("pod", "ps", "--filter", f"label={LABEL}", "--format", "json")
        for pod in msgspec.json.decode(found or "[]", type=list[_Pod]):
            worker, _, born = pod.labels.get(LABEL, "").partition("-")
            if not worker.isdigit() or _born(int(worker)) != born:
                await _call("pod", "rm", "--force", "--time", "0", "--ignore", pod.name)

    async def poll(self, handle: ContainerHandle) -> Status:
        """How the job is now."""
        assert handle.over is not None
        status = await self._local.poll(handle.local)
        return status if handle.over.done() else msgspec.structs.replace(status, exit_code=None)

    async def wait(self, handle: ContainerHandle) -> Status:
        """How the job ended. Its lines have to be read, or it waits with them."""
        assert handle.over is not None
        return await asyncio.shield(handle.over)

    async def kill(self, handle: ContainerHandle, grace: float) -> None:
        """Ask, wait ``grace`` seconds, kill; lines nobody read are thrown away."""
        assert handle.over is not None
        await self._local.kill(handle.local, grace)
        await asyncio.shield(handle.over)

    def kill_process(self, handle: ContainerHandle, role: str, rank: int) -> None:
        """Kill one container, which then counts as failed. Implements :class:`KillsProcesses`."""
        self._local.kill_process(handle.local, role, rank)

    def logs(self, handle: ContainerHandle) -> AsyncIterator[LogLine]:
        """The lines of all containers as they come."""
        return self._local.logs(handle.local)


def _born(pid: int) -> str:
    """When a process was started, in ticks since this machine was; empty for one that is not there."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


async def _call(*arguments: str) -> str:
    return await tools.call("container", ["podman", *arguments], _podman())


def _podman() -> dict[str, str]:
    return tools.environment("CONTAINERS_", "REGISTRY_AUTH_FILE")


def _folder(job: Job) -> Path:
    if job.folder is None:
        raise ValueError("a job in containers needs a folder for its environment")
    return job.folder


def _environment_files(job: Job) -> list[Path]:
    """What a shell in each container reads: values on Podman's command line would be seen by all, and in Podman's own
    environment they would change what it does.
    """
    files = []
    for number, process in enumerate(job.processes):
        path = _folder(job) / f"environment-{number}"
        path.touch(mode=0o600)
        path.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in _inside(process).items()))
        files.append(path)
    return files


def _inside(process: Process) -> dict[str, str]:
    ours = str(Path(sys.executable).parent)
    given: Mapping[str, str] = process.environment
    found = {name: value for name, value in given.items() if name not in OF_THE_WORKER and name != RESTART}
    return found | ({} if given.get("PATH", ours).startswith(ours) else {"PATH": given["PATH"]})


def _container(job: Job, number: int, pod: str, image: str, environment: Path) -> Process:
    """``podman run`` for a process of the job. Its report goes through file descriptor 3, as outside."""
    process = job.processes[number]
    program = "python3" if process.command[0] == sys.executable else process.command[0]
    command = [
        "podman", "run", "--rm", "--pod", pod,
        "--init", "--log-driver", "none", "--preserve-fds", "1", "--http-proxy=false", "--env", "CG_REPORT_FD=3", "--env", RESTART,
        "--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges", "--user", "0:0",
        *_limits(process), *_mounts(job, environment), "--workdir", str(process.folder), "--entrypoint", "/bin/sh",
    ]  # fmt: skip
    counted = {RESTART: process.environment.get(RESTART, "0")}  # the launcher counts it up in what it gives to Podman
    return msgspec.structs.replace(
        process,
        command=[*command, image, "-c", '. "$0"; exec "$@"', str(environment), program, *process.command[1:]],
        environment=_podman() | counted,
    )


def _limits(process: Process) -> list[str]:
    found = ["--cpus", f"{process.cpus:g}", "--pids-limit", str(PROCESSES)]
    if process.memory:
        found += ["--memory", f"{math.ceil(process.memory)}b"]
    return found + (["--device", "nvidia.com/gpu=all"] if process.gpus else [])


def _mounts(job: Job, environment: Path) -> list[str]:
    """The folders of the job, under the paths they have here; inputs cannot be written to."""
    asked = [*((path, True) for path in (*job.reads, environment)), *((path, False) for path in job.writes)]
    return [part for path, sealed in asked for part in ("--mount", _mount(path, sealed))]


def _mount(path: Path, sealed: bool) -> str:
    fields: list[Any] = ["type=bind", f"source={path}", f"target={path}", *(["ro=true"] if sealed else [])]
    return ",".join(f'"{field}"' if set(field) & {",", '"'} else field for field in fields)
