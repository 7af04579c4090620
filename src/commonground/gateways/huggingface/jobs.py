"""From a job to a specification of a run: an image and a command, on hardware that has a name."""

import re
import shlex
from typing import Any

from commonground.compute.runs.hardware import Hardware, named
from commonground.errors import InvalidSpec, JobUnsupported
from commonground.gateways.huggingface.jobs_wire import JobSpec

DEFAULT_FLAVOR = "cpu-basic"
DEFAULT_TIMEOUT = 1800
"""Seconds a job may take unless it says otherwise, as on the public hub."""
SECRET = "given_{}"
_UNSUPPORTED = {
    "volumes": "volumes; name what it reads in the command, or submit a run with inputs", "expose": "exposed ports",
    "ssh": "SSH", "network": "networks", "resource_group_id": "resource groups",
}  # fmt: skip


def document_of(job: JobSpec, hardware: dict[str, Hardware], *, on_host: bool) -> tuple[dict[str, Any], dict[str, str]]:
    """The specification, as plain data, and its secrets. :class:`JobUnsupported` for what there is not, and
    :class:`InvalidSpec`. ``on_host``: commands run on the machine of the worker, whatever the image.
    """
    _check(job)
    flavor = named(hardware, job.flavor or DEFAULT_FLAVOR)
    secrets = job.secrets or {}
    environment: dict[str, Any] = {name: _text(value) for name, value in (job.environment or {}).items()}
    environment |= {name: {"secret": SECRET.format(number)} for number, name in enumerate(secrets)}
    command, arguments = job.command or [], job.arguments or []
    document = {
        "name": re.sub(r"[^A-Za-z0-9._-]", "-", (job.labels or {}).get("name", ""))[:80].lstrip("._-") or "job",
        "run": shlex.join([*command, *arguments]),
        "environment": environment,
        "resources": {"cpus": flavor.cpus, "memory": flavor.memory, "gpus": flavor.gpus},
        "fault": {"timeout": job.timeout_seconds or DEFAULT_TIMEOUT, "max_restarts": (job.attempts or 1) - 1},
        "options": {"image": job.docker_image, "command": command, "arguments": arguments, "flavor": flavor.name},
        **({"engine": "local"} if on_host else {"engine": "container", "image": job.docker_image}),
    }
    return document, {SECRET.format(number): value for number, value in enumerate(secrets.values())}


def _check(job: JobSpec) -> None:
    if job.space_id is not None:
        raise JobUnsupported(what="Spaces as images")
    for name, what in _UNSUPPORTED.items():
        if getattr(job, name):
            raise JobUnsupported(what=what)
    if not job.docker_image:
        raise InvalidSpec(reason="a job needs dockerImage")
    if not job.command and not job.arguments:
        raise InvalidSpec(reason="a job needs a command: what the image starts by itself is not known here")


def _text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
