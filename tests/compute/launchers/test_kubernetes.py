"""What Kubernetes is told, and what its answers mean. No cluster ran this: the schemas are checked in the engine group."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from commonground.compute.launchers.kubernetes import Kubernetes, KubernetesJob, lost
from commonground.compute.launchers.kubernetes_manifest import Volume, manifest
from commonground.compute.launchers.model import Job, Process
from commonground.errors import EngineFailed

pytestmark = pytest.mark.anyio
VOLUME = Volume("runs", Path("/shared/runs"))
PLACED = KubernetesJob("run-7-ab", {"server": 0, "worker": 1}, {"server": 1, "worker": 2})


def job() -> Job:
    """A server and two workers with a GPU each."""
    processes = [
        Process(
            role=role, rank=rank, command=["/bin/sh", "-c", "true"], environment={"TOKEN": "secret-value"},
            folder=Path("/shared/runs/7/work"), cpus=1.5, memory=2 * 2**30, gpus=int(role == "worker"),
        )
        for role, rank in [("server", 0), ("worker", 0), ("worker", 1)]
    ]  # fmt: skip
    return Job(name="run-7", processes=processes)


def told() -> dict[str, Any]:
    return manifest(job(), Path("/shared/runs/7/launch/ab"), "run-7-ab", "example.org/image:1", VOLUME)


def test_a_role_is_one_indexed_job_that_is_tried_once() -> None:
    server, worker = told()["items"]
    assert [(one["metadata"]["name"], one["spec"]["completions"], one["spec"]["parallelism"]) for one in (server, worker)] == [
        ("run-7-ab-server", 1, 1), ("run-7-ab-worker", 2, 2),
    ]  # fmt: skip
    assert {one["spec"]["completionMode"] for one in (server, worker)} == {"Indexed"}
    assert {one["spec"]["backoffLimit"] for one in (server, worker)} == {0}


def test_a_pod_knows_the_number_of_its_process() -> None:
    first = [
        {entry["name"]: entry.get("value") for entry in _container(one)["env"]}["CG_FIRST"] for one in told()["items"]
    ]
    assert first == ["0", "1"]
    assert _container(told()["items"][1])["command"][-1] == "JOB_COMPLETION_INDEX"


def test_a_pod_gets_what_its_process_needs() -> None:
    server, worker = (_container(one)["resources"]["limits"] for one in told()["items"])
    assert server == {"cpu": "1500m", "memory": str(2 * 2**30)}
    assert worker == {**server, "nvidia.com/gpu": "1"}


def test_no_value_of_the_environment_is_in_the_manifest() -> None:
    assert b"secret-value" not in msgspec.json.encode(told())


def _container(one: dict[str, Any]) -> dict[str, Any]:
    [container] = one["spec"]["template"]["spec"]["containers"]
    return dict(container)


def pod(index: int, **status: Any) -> dict[str, Any]:
    annotations = {"batch.kubernetes.io/job-completion-index": str(index)}
    labels = {"commonground.role": "worker"}
    return {"kind": "Pod", "metadata": {"labels": labels, "annotations": annotations}, "status": status}


def test_pods_that_wait_or_run_are_there() -> None:
    creating = {"state": {"waiting": {"reason": "ContainerCreating"}}}
    assert lost([pod(0, phase="Pending"), pod(1, phase="Pending", containerStatuses=[creating])], PLACED) == {}
    assert lost([pod(0, phase="Running", containerStatuses=[{"state": {"running": {}}}])], PLACED) == {}


def test_a_pod_that_ended_or_cannot_start_is_gone() -> None:
    stuck = {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}
    found = lost([pod(0, phase="Failed", reason="Evicted"), pod(1, phase="Pending", containerStatuses=[stuck])], PLACED)
    assert found == {1: "its pod ended: Evicted", 2: "ImagePullBackOff: no such image"}


def test_the_pods_of_a_failed_job_are_gone_whether_they_are_listed_or_not() -> None:
    condition = {"type": "Failed", "status": "True", "message": "Job has reached the specified backoff limit"}
    failed = {
        "kind": "Job",
        "metadata": {"labels": {"commonground.role": "worker"}},
        "status": {"conditions": [condition]},
    }
    assert set(lost([failed], PLACED)) == {1, 2}
    assert lost([{**failed, "status": {}}], PLACED) == {}


async def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="CG_RUN_IMAGE"):
        await Kubernetes().place(job(), tmp_path)
    with pytest.raises(EngineFailed, match="CG_KUBERNETES_CLAIM"):
        await Kubernetes("image").place(job(), tmp_path)
