"""From a specification to processes: which commands, in which environment. It is torchrun's, so scripts run unchanged."""

import os
import platform
import secrets as random
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

import commonground
from commonground.compute import kinds
from commonground.compute.launchers.model import Job, Process
from commonground.compute.runs import frameworks
from commonground.compute.runs.model import Claim, Secret, Spec
from commonground.compute.runs.workspace import Workspace
from commonground.errors import SecretMissing

SECRETS = "CG_RUN_SECRET_"
"""Prefix of the environment variables of a worker that hold secrets for runs."""
TOKEN = "CG_PEER_TOKEN"
"""Environment variable with the secret of an attempt."""
DATA = "data"
"""Role of the processes that read for the workers."""
PASSED_ON = ("LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "LD_LIBRARY_PATH")


def secrets_of(spec: Spec, environ: Mapping[str, str]) -> dict[str, str]:
    """The values of the secrets a specification names; :class:`SecretMissing`."""
    named = {value.secret for value in spec.environment.values() if isinstance(value, Secret)}
    for name in sorted(named):
        if not environ.get(f"{SECRETS}{name.upper()}"):
            raise SecretMissing(name=name)
    return {name: environ[f"{SECRETS}{name.upper()}"] for name in named}


def peer_token() -> str:
    """What the processes of an attempt prove to each other that they belong together with."""
    return random.token_urlsafe(24)


def job_of(
    claim: Claim, workspace: Workspace, secrets: Mapping[str, str], *, token: str | None = None, restart: int = 0
) -> Job:
    """All processes of the run: ``servers`` of the role server, those of the role data, which are started again alone, and
    ``workers`` of the role worker. ``restart`` counts how
    often they were started in this attempt before.
    """
    spec = claim.run.spec
    shared = {**_shared(claim, workspace, secrets), TOKEN: token or peer_token(), **frameworks.restarted(restart)}
    cluster = frameworks.tensorflow(spec.resources.workers, spec.resources.servers) if spec.engine == "local" else {}
    alone = kinds.role_alone(spec.kind)
    roles = [("server", spec.resources.servers), (DATA, spec.data.servers), ("worker", spec.resources.workers)]
    processes = [
        Process(
            role=role,
            rank=rank,
            command=_command(spec, role, rank),
            environment={
                **frameworks.tuning(spec),
                **cluster.get((role, rank), {}),
                **shared,
                **frameworks.torchrun(claim.run, role, rank, count),
                "CG_ROLE": role,
            },
            folder=workspace.work,
            cpus=spec.resources.cpus,
            memory=spec.resources.memory,
            gpus=spec.resources.gpus if role == "worker" else 0,
            restarts=spec.fault.max_restarts if role in {alone, DATA} else 0,
        )
        for role, count in roles
        for rank in range(count)
    ]
    outputs = map(workspace.output, spec.outputs)
    return Job(
        name=f"run-{claim.run.id}",
        processes=processes,
        reads=[workspace.input(name) for name in spec.inputs],
        writes=[workspace.work, workspace.home, workspace.checkpoint, *outputs],
        folder=workspace.launch,
        image=spec.image,
    )


def _command(spec: Spec, role: str, rank: int) -> list[str]:
    if spec.run is not None:
        return frameworks.command(spec, role, rank)
    entry = kinds.entry_of(spec.kind) or spec.entry
    return [sys.executable, "-m", "commonground.compute.kinds", str(entry)]


def _shared(claim: Claim, workspace: Workspace, secrets: Mapping[str, str]) -> dict[str, str]:
    """The whole environment: what the worker has beside is not passed on, its own secrets are in there."""
    run, spec = claim.run, claim.run.spec
    given = {name: secrets[value.secret] if isinstance(value, Secret) else value
             for name, value in spec.environment.items()}  # fmt: skip
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
        "PATH": path, "HOME": str(workspace.home), "TMPDIR": str(workspace.home), "PYTHONUNBUFFERED": "1",
        "PYTHONHASHSEED": str(run.seed),
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()),
        "TP_SOCKET_IFNAME": "lo", "GLOO_SOCKET_IFNAME": "lo",
        **given,
        "CG_RUN": str(run.id), "CG_ATTEMPT": str(run.attempt), "CG_SEED": str(run.seed),
        "CG_SPEC": msgspec.json.encode(spec).decode(), "CG_CHECKPOINT": str(workspace.checkpoint),
        **{f"CG_INPUT_{name.upper()}": str(workspace.input(name)) for name in spec.inputs},
        **{f"CG_OUTPUT_{name.upper()}": str(workspace.output(name)) for name in spec.outputs},
    }  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment_of_worker() -> dict[str, Any]:
    """What an attempt runs in, for the record."""
    return {
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "commonground": commonground.__version__,
    }
