"""Places the processes of a run on Kubernetes, through ``kubectl``: one pod a process."""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from commonground.compute.launchers import tools
from commonground.compute.launchers.kubernetes_manifest import LABEL, Volume, manifest
from commonground.compute.launchers.model import Job
from commonground.errors import EngineFailed

HOPELESS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError",
     "CreateContainerError", "RunContainerError"}
)  # fmt: skip
"""Why a container waits that will not start by waiting."""


class KubernetesJob:
    """The Jobs of one run, by their label; ``first`` is the number of the first process of each role."""

    def __init__(self, name: str, first: Mapping[str, int], count: Mapping[str, int]) -> None:
        self.name, self.first, self.count = name, first, count


class Kubernetes:
    """A cluster ``kubectl`` reaches, by its ``context`` and ``namespace`` (empty: the ones that are set there).
    Implements :class:`Engine`.
    """

    name = "kubernetes"

    def __init__(self, image: str = "", volume: Volume | None = None, context: str = "", namespace: str = "") -> None:
        self._image, self._volume = image, volume
        where = {"--context": context, "--namespace": namespace}
        self._where = [f"{option}={value}" for option, value in where.items() if value]

    async def place(self, job: Job, root: Path) -> KubernetesJob:
        """Create the Jobs, all or none."""
        image, volume = job.image or self._image, self._volume
        if not image:
            raise EngineFailed(engine=self.name, reason="neither the specification nor CG_RUN_IMAGE names an image")
        if volume is None or not volume.claim:
            raise EngineFailed(engine=self.name, reason="CG_KUBERNETES_CLAIM does not name the volume of CG_RUN_FOLDER")
        name = f"{job.name}-{secrets.token_hex(4)}"
        roles = [process.role for process in job.processes]
        placed = KubernetesJob(
            name, {role: roles.index(role) for role in roles}, {role: roles.count(role) for role in roles}
        )
        given = msgspec.json.encode(manifest(job, root, name, image, volume))
        try:
            await self._call("create", "--filename=-", given=given)
        except EngineFailed:
            await self.remove(placed)
            raise
        return placed

    async def gone(self, placed: KubernetesJob) -> Mapping[int, str]:
        """Those whose pod has ended or cannot start, and all of a Job that failed: its pods may be gone."""
        try:
            shown = await self._call("get", "jobs,pods", f"--selector={LABEL}={placed.name}", "--output=json")
        except EngineFailed:  # the cluster is away: the pods are not
            return {}
        return lost(msgspec.json.decode(shown)["items"], placed)

    async def remove(self, placed: KubernetesJob) -> None:
        """Delete the Jobs and their pods."""
        options = ["--ignore-not-found", "--wait=false", "--cascade=background"]
        await self._call("delete", "jobs", f"--selector={LABEL}={placed.name}", *options)

    async def _call(self, *arguments: str, given: bytes = b"") -> str:
        command = ["kubectl", *self._where, *arguments]
        return await tools.call(self.name, command, tools.environment("KUBE"), given)


def lost(items: Sequence[Mapping[str, Any]], placed: KubernetesJob) -> dict[int, str]:
    """What ``kubectl get jobs,pods`` says of processes that will not run or go on."""
    found: dict[int, str] = {}
    for item in items:
        labels = item["metadata"].get("labels", {})
        role = labels.get("commonground.role", "")
        if role not in placed.first:
            continue
        if item["kind"] == "Job" and (reason := _failed(item)):
            for number in range(placed.count[role]):
                found.setdefault(placed.first[role] + number, reason)
        elif item["kind"] == "Pod" and (reason := _ended(item.get("status", {}))):
            index = item["metadata"].get("annotations", {}).get("batch.kubernetes.io/job-completion-index", "0")
            found[placed.first[role] + int(index)] = reason
    return found


def _failed(job: Mapping[str, Any]) -> str:
    conditions = job.get("status", {}).get("conditions", [])
    return next((c.get("message", "the Job failed") for c in conditions
                 if c["type"] in {"Failed", "FailureTarget"} and c["status"] == "True"), "")  # fmt: skip


def _ended(status: Mapping[str, Any]) -> str:
    """Why a pod will not run or go on; empty where it may."""
    if status.get("phase") in {"Succeeded", "Failed"}:
        return f"its pod ended: {status.get('message') or status.get('reason') or status['phase']}"
    for container in status.get("containerStatuses", []):
        waiting = container.get("state", {}).get("waiting", {})
        if waiting.get("reason") in HOPELESS:
            return f"{waiting['reason']}: {waiting.get('message', '')}"
    return ""
