"""The types of jobs: request bodies, and runs and schedules the way the client reads them."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from commonground.compute.runs.hardware import Hardware
from commonground.compute.runs.model import Run, Secret, Spec, State
from commonground.compute.runs.schedules_model import Schedule
from commonground.gateways.huggingface.wire import moment

STAGES: dict[State, str] = {
    "queued": "SCHEDULING", "running": "RUNNING", "succeeded": "COMPLETED", "failed": "ERROR", "cancelled": "CANCELED",
}  # fmt: skip
STATES = {stage: state for state, stage in STAGES.items()}

Words = Annotated[list[str], Meta(max_length=4096)]


class JobSpec(msgspec.Struct, kw_only=True, rename="camel"):
    """What a job is to do. ``expose``, ``ssh``, ``network``, ``volumes`` are looked at to be refused."""

    docker_image: str | None = None
    space_id: str | None = None
    command: Words | None = None
    arguments: Words | None = None
    environment: dict[str, str | int | float | bool] | None = None
    secrets: dict[str, str] | None = None
    flavor: str | None = None
    timeout_seconds: int | None = None
    attempts: Annotated[int, Meta(ge=1, le=1000)] | None = None
    labels: dict[str, str] | None = None
    volumes: Any = None
    expose: Any = None
    ssh: Any = None
    network: Any = None
    resource_group_id: str | None = None


class ScheduledJob(msgspec.Struct, kw_only=True, rename="camel"):
    """Body of ``POST /api/scheduled-jobs/{namespace}``."""

    job_spec: JobSpec
    schedule: str
    concurrency: bool | None = None
    suspend: bool | None = None


class JobLabels(msgspec.Struct, kw_only=True):
    """Body of ``PUT .../labels``."""

    labels: dict[str, str]


class Reschedule(msgspec.Struct, kw_only=True):
    """Body of ``POST .../schedule``."""

    schedule: str


def job(run: Run, now: int) -> dict[str, Any]:
    """A run as a job; ``now`` in milliseconds ends the durations of one that has not ended."""
    ended = run.finished_at or now
    return {
        "id": str(run.id),
        "createdAt": moment(run.created_at),
        "startedAt": run.started_at and moment(run.started_at),
        "finishedAt": run.finished_at and moment(run.finished_at),
        **_spec(run.spec, run.labels),
        "status": {"stage": STAGES[run.state], "message": run.error},
        "durations": {
            "schedulingSecs": (run.started_at - run.created_at) // 1000 if run.started_at else None,
            "runningSecs": (ended - run.started_at) // 1000 if run.started_at else None,
            "totalSecs": (ended - run.created_at) // 1000,
        },
        "owner": _owner(run.owner_id, run.owner),
        "initiator": {"type": "scheduled-job", "id": str(run.schedule)}
        if run.schedule
        else {"type": "user", "id": str(run.owner_id), "name": run.owner},
    }


def scheduled_job(schedule: Schedule, spec: Spec) -> dict[str, Any]:
    """A schedule as a scheduled job; ``spec`` is its specification."""
    ran = schedule.last_run is not None and schedule.last_at is not None
    return {
        "id": str(schedule.id),
        "createdAt": moment(schedule.created_at),
        "schedule": schedule.cron,
        "suspend": schedule.suspended,
        "concurrency": schedule.concurrency == "allow",
        "jobSpec": {**_spec(spec, schedule.labels), "timeout": int(spec.fault.timeout), "tags": [], "arch": None},
        "status": {
            "lastJob": {"id": str(schedule.last_run), "at": moment(schedule.last_at or 0)} if ran else None,
            "nextJobRunAt": None if schedule.suspended else moment(schedule.next_at),
        },
        "owner": _owner(schedule.owner_id, schedule.owner),
    }


def hardware(found: Hardware) -> dict[str, Any]:
    """Hardware as the client lists it; nothing is charged here."""
    gpu = {"type": "gpu", "model": found.name, "quantity": str(found.gpus), "vram": "", "manufacturer": ""}
    return {
        "name": found.name, "prettyName": found.name, "cpu": f"{found.cpus:g} vCPU", "ram": f"{found.memory / 1e9:g} GB",
        "accelerator": gpu if found.gpus else None, "unitCostMicroUSD": 0, "unitCostUSD": 0.0, "unitLabel": "minute",
    }  # fmt: skip


def _spec(spec: Spec, labels: dict[str, str]) -> dict[str, Any]:
    """What was asked for. Of secrets only the names are known; a run that was no job has its command line."""
    asked = spec.options
    line = ["/bin/sh", "-c", spec.run] if spec.run else [spec.entry or spec.kind]
    return {
        "dockerImage": asked.get("image") or spec.image, "spaceId": None, "command": asked.get("command", line),
        "arguments": asked.get("arguments", []), "flavor": asked.get("flavor"),
        "environment": {name: value for name, value in spec.environment.items() if isinstance(value, str)},
        "secrets": {name: "" for name, value in spec.environment.items() if isinstance(value, Secret)},
        "labels": labels, "retry": spec.fault.max_restarts,
    }  # fmt: skip


def _owner(account_id: int, name: str) -> dict[str, str]:
    return {"id": str(account_id), "name": name, "type": "user"}
