"""What Kubernetes is told of a job: one indexed Job a role, whose pods see the worker's folder through a volume claim.
Neither environment nor secrets are in it: the agents find theirs in that folder.
"""

import math
import os
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from commonground.compute.launchers.model import Job, Process
from commonground.compute.launchers.shared import agent_command

LABEL = "commonground.run"
KEPT_SECONDS = 3600
"""How long Kubernetes keeps what a killed worker could not remove."""
INDEX = "JOB_COMPLETION_INDEX"


class Volume(msgspec.Struct, frozen=True):
    """A claim that all nodes can mount for writing, and where the worker has it."""

    claim: str
    path: Path


def manifest(job: Job, root: Path, name: str, image: str, volume: Volume) -> dict[str, Any]:
    """All Jobs of ``job`` as one List; ``name`` is theirs, with the role behind it."""
    numbered = list(enumerate(job.processes))
    jobs = []
    for role, members in groupby(numbered, key=lambda one: one[1].role):
        found = list(members)
        pod = _pod(found[0][1], root, found[0][0], image, volume)
        jobs.append(_job(name, role, len(found), pod))
    return {"apiVersion": "v1", "kind": "List", "items": jobs}


def _job(name: str, role: str, count: int, pod: dict[str, Any]) -> dict[str, Any]:
    labels = {LABEL: name, "commonground.role": role}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"{name}-{role}", "labels": labels},
        "spec": {
            "completions": count, "parallelism": count, "completionMode": "Indexed", "backoffLimit": 0,
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }  # fmt: skip


def _pod(process: Process, root: Path, first: int, image: str, volume: Volume) -> dict[str, Any]:
    user: dict[str, Any] = {"runAsUser": os.getuid(), "runAsGroup": os.getgid(), "runAsNonRoot": os.getuid() != 0}
    container = {
        "name": "process", "image": image, "command": agent_command("python3", root, INDEX),
        "env": [
            {"name": "CG_FIRST", "value": str(first)},
            {"name": "CG_ADDRESS", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        ],
        "resources": {"requests": _resources(process), "limits": _resources(process)},
        "securityContext": {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "runs", "mountPath": str(volume.path)},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
        ],
    }  # fmt: skip
    return {
        "restartPolicy": "Never", "automountServiceAccountToken": False, "enableServiceLinks": False,
        "securityContext": {**user, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [
            {"name": "runs", "persistentVolumeClaim": {"claimName": volume.claim}}, {"name": "tmp", "emptyDir": {}},
        ],
    }  # fmt: skip


def _resources(process: Process) -> Mapping[str, str]:
    found = {"cpu": f"{math.ceil(process.cpus * 1000)}m"}
    if process.memory:
        found["memory"] = str(process.memory)
    if process.gpus:
        found["nvidia.com/gpu"] = str(process.gpus)
    return found
