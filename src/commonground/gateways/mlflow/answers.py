"""What the server says of runs, experiments and models, in the protocol's words."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from commonground.compute.runs.model import Point, State
from commonground.compute.tracking.model import (
    RUN_NAME,
    Experiment,
    LoggedModel,
    ModelState,
    TrackedRun,
    Version,
)  # fmt: skip
from commonground.gateways.mlflow.names import model_artifacts, run_artifacts, shown_name, version_artifacts
from commonground.hub.repositories.model import Repository

STATUSES: dict[State, str] = {
    "queued": "SCHEDULED",
    "running": "RUNNING",
    "succeeded": "FINISHED",
    "failed": "FAILED",
    "cancelled": "KILLED",
}
STATES: dict[str, State] = {
    "RUNNING": "running",
    "SCHEDULED": "running",  # what a client schedules is not queued here: no worker takes it
    "FINISHED": "succeeded",
    "FAILED": "failed",
    "KILLED": "cancelled",
}
RUN_WORDS = {"status": {status: state for state, status in STATUSES.items()}}
"""How a search names the states of runs."""
MODEL_STATUSES: dict[ModelState, str] = {
    "pending": "LOGGED_MODEL_PENDING",
    "ready": "LOGGED_MODEL_READY",
    "failed": "LOGGED_MODEL_UPLOAD_FAILED",
}
MODEL_STATES: dict[str, ModelState] = {status: state for state, status in MODEL_STATUSES.items()}
MODEL_WORDS = {"status": {"PENDING": "pending", "READY": "ready", "UPLOAD_FAILED": "failed"}}
NO_STAGE = "None"
STAGE, DESCRIPTION = "commonground.stage", "mlflow.note.content"
"""Tags that hold what the protocol keeps apart from tags."""


def pair_list(pairs: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags or parameters."""
    return [{"key": key, "value": value} for key, value in pairs.items()]


def metric(point: Point) -> dict[str, Any]:
    """A value of a metric; JSON has no word for what is not finite, protobuf's has."""
    return {"key": point.key, "value": _number(point.value), "timestamp": point.time, "step": point.step}


def _number(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


def experiment(found: Experiment) -> dict[str, Any]:
    """An experiment."""
    return {
        "experiment_id": str(found.id),
        "name": found.name,
        "artifact_location": f"mlflow-artifacts:/experiments/{found.id}",
        "lifecycle_stage": _stage(found.deleted_at),
        "creation_time": found.created_at,
        "last_update_time": found.updated_at,
        "tags": pair_list(found.tags),
    }


def run_info(run: TrackedRun) -> dict[str, Any]:
    """A run without what was recorded of it."""
    info = {
        "run_id": str(run.id),
        "run_uuid": str(run.id),
        "run_name": run.tags.get(RUN_NAME, run.name),
        "experiment_id": str(run.experiment_id),
        "user_id": run.owner,
        "status": STATUSES[run.state],
        "start_time": run.created_at if run.started_at is None else run.started_at,
        "artifact_uri": run_artifacts(run.id),
        "lifecycle_stage": _stage(run.deleted_at),
    }
    return info if run.finished_at is None else {**info, "end_time": run.finished_at}


def run(found: TrackedRun) -> dict[str, Any]:
    """A run with what was recorded of it."""
    return {
        "info": run_info(found),
        "data": {
            "metrics": [metric(point) for point in found.metrics],
            "params": pair_list(found.params),
            "tags": pair_list(found.tags),
        },
        "inputs": {"dataset_inputs": [msgspec.Raw(document.encode()) for document in found.datasets]},
        "outputs": {"model_outputs": [{"model_id": uid, "step": step} for uid, step in found.models.items()]},
    }


def logged_model(found: LoggedModel) -> dict[str, Any]:
    """A logged model."""
    info = {
        "model_id": found.uid,
        "experiment_id": str(found.experiment_id),
        "name": found.name,
        "creation_timestamp_ms": found.created_at,
        "last_updated_timestamp_ms": found.updated_at,
        "artifact_uri": model_artifacts(found.uid),
        "status": MODEL_STATUSES[found.state],
        "model_type": found.model_type,
        "source_run_id": "" if found.run_id is None else str(found.run_id),
        "tags": pair_list(found.tags),
    }
    return {"info": info, "data": {"params": pair_list(found.params)}}


def registered_model(
    repository: Repository, tags: Mapping[str, str], aliases: Mapping[str, int], latest: list[Version]
) -> dict[str, Any]:
    """A registered model."""
    return {
        "name": shown_name(repository),
        "creation_timestamp": repository.created_at,
        "last_updated_timestamp": repository.updated_at,
        "user_id": repository.owner,
        "description": tags.get(DESCRIPTION, repository.description),
        "tags": pair_list(_plain(tags)),
        "aliases": [{"alias": alias, "version": str(number)} for alias, number in aliases.items()],
        "latest_versions": [version(repository, one) for one in latest],
    }


def version(repository: Repository, found: Version) -> dict[str, Any]:
    """A version of a registered model."""
    return {
        "name": shown_name(repository),
        "version": str(found.number),
        "creation_timestamp": found.date,
        "last_updated_timestamp": found.date,
        "user_id": found.author,
        "current_stage": found.tags.get(STAGE, NO_STAGE),
        "description": found.tags.get(DESCRIPTION, ""),
        "source": found.source or version_artifacts(repository, found.commit),
        "run_id": "" if found.run_id is None else str(found.run_id),
        "status": "READY",
        "tags": pair_list(_plain(found.tags)),
        "aliases": list(found.aliases),
    }


def _plain(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key not in {STAGE, DESCRIPTION}}


def _stage(deleted_at: int | None) -> str:
    return "active" if deleted_at is None else "deleted"
