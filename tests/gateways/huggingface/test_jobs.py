"""``hf jobs`` and the methods behind it, unmodified, against a server with a worker."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

from tests.gateways.huggingface.conftest import _accounts
from tests.gateways.huggingface.hub import TOKENS

IMAGE = "python:3.12"
SETTINGS = {"CG_RUNS_BY": "users", "CG_JOBS_IMAGE": "host", "CG_JOBS_HARDWARE": "cpu-basic:0.5:64MB,t4-small:1:1GB:1"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jobs")


@pytest.fixture(scope="module")
def endpoint(data: Path) -> Iterator[str]:
    asyncio.run(_accounts(data))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = "from commonground.cli.main import main; main()"
    command = [sys.executable, "-c", start, "serve", "--data", str(data), "--port", str(port)]
    environ = {**os.environ, **SETTINGS}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environ) as server:
        assert server.stdout is not None
        assert "ready" in server.stdout.readline()
        yield f"http://127.0.0.1:{port}"
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


@pytest.fixture
def alice(endpoint: str) -> HfApi:
    return HfApi(endpoint, token=TOKENS["alice"])


@pytest.fixture
def bob(endpoint: str) -> HfApi:
    return HfApi(endpoint, token=TOKENS["bob"])


def shell(text: str) -> dict[str, Any]:
    return {"image": IMAGE, "command": ["sh", "-c", text]}


def test_a_job_from_its_start_to_its_end(alice: HfApi) -> None:
    job = alice.run_job(
        image=IMAGE, command=["python3", "-c", "import os; print('hello', os.environ['WHO'])\nprint('bye')"],
        env={"WHO": "world"}, labels={"team": "ml"}, name="greets", timeout="5m", flavor="cpu-basic",
    )  # fmt: skip
    assert (job.docker_image, job.flavor, job.owner.name, job.labels) == (
        IMAGE, "cpu-basic", "alice", {"team": "ml", "name": "greets"}
    )  # fmt: skip
    assert list(alice.fetch_job_logs(job_id=job.id, follow=True)) == ["hello world", "bye"]
    done = alice.wait_for_job(job.id, timeout=20, poll_interval=0.1)
    assert (done.status.stage, done.environment, done.retry) == ("COMPLETED", {"WHO": "world"}, 0)
    assert done.command == job.command
    assert done.durations is not None
    assert done.finished_at is not None
    assert list(alice.fetch_job_logs(job_id=job.id)) == ["hello world", "bye"]
    assert list(alice.fetch_job_logs(job_id=job.id, tail=1)) == ["bye"]
    assert list(alice.fetch_job_metrics(job_id=job.id)) == []
    assert job.id in [
        found.id for found in alice.list_jobs(namespace="alice", status="COMPLETED", labels={"team": "ml"})
    ]
    assert job.id not in [found.id for found in alice.list_jobs(namespace="alice", status=["RUNNING", "ERROR"])]


def test_a_log_is_followed_while_it_is_written(alice: HfApi) -> None:
    job = alice.run_job(**shell("echo one; sleep 0.7; echo two; printf three"))
    began, seen = time.monotonic(), list[tuple[str, float]]()
    seen.extend((line, time.monotonic() - began) for line in alice.fetch_job_logs(job_id=job.id, follow=True))
    assert [line for line, _ in seen] == ["one", "two", "three"]
    assert seen[1][1] - seen[0][1] > 0.3


def test_a_job_that_fails_says_so(alice: HfApi) -> None:
    job = alice.run_job(**shell("echo wrong >&2; exit 3"))
    done = alice.wait_for_job(job.id, timeout=20, poll_interval=0.1)
    assert (done.status.stage, done.status.message) == ("ERROR", "worker 0 ended with exit code 3")


def test_secrets_are_in_no_answer_and_no_log(alice: HfApi, data: Path) -> None:
    value = "a-rather-secret-value"
    job = alice.run_job(**shell("echo $KEY; test ${#KEY} = 21"), secrets={"KEY": value})
    done = alice.wait_for_job(job.id, timeout=20, poll_interval=0.1)
    assert (done.status.stage, list(done.secrets or {})) == ("COMPLETED", ["KEY"])
    assert value not in str(done)
    again = alice.rerun_job(job_id=job.id)
    assert alice.wait_for_job(again.id, timeout=20, poll_interval=0.1).status.stage == "COMPLETED"
    assert list(alice.fetch_job_logs(job_id=again.id)) == ["***"]
    assert all(value.encode() not in path.read_bytes() for path in data.rglob("*") if path.is_file())


def test_cancelling_and_labelling(alice: HfApi) -> None:
    job = alice.run_job(**shell("sleep 1000"))
    assert alice.update_job_labels(job_id=job.id, labels={"a": "b"}).labels == {"a": "b"}
    alice.cancel_job(job_id=job.id)
    assert alice.inspect_job(job_id=job.id).status.stage == "CANCELED"
    alice.cancel_job(job_id=job.id)
    assert list(alice.fetch_job_logs(job_id=job.id, follow=True)) == []


def test_a_scheduled_job(alice: HfApi) -> None:
    made = alice.create_scheduled_job(**shell("sleep 1000"), schedule="@hourly", name="hourly", env={"A": "b"})
    assert (made.schedule, made.suspend, made.concurrency) == ("@hourly", False, False)
    assert (made.job_spec.docker_image, made.job_spec.environment) == (IMAGE, {"A": "b"})
    assert made.status.next_job_run_at is not None
    job = alice.trigger_scheduled_job(scheduled_job_id=made.id)
    assert job.initiator is not None
    assert (job.initiator.type, job.initiator.id) == ("scheduled-job", made.id)
    with pytest.raises(HfHubHTTPError) as failure:
        alice.trigger_scheduled_job(scheduled_job_id=made.id)
    assert failure.value.response.status_code == 409
    alice.cancel_job(job_id=job.id)
    alice.suspend_scheduled_job(scheduled_job_id=made.id)
    found = alice.inspect_scheduled_job(scheduled_job_id=made.id)
    assert (found.suspend, found.status.next_job_run_at) == (True, None)
    assert found.status.last_job is not None
    assert found.status.last_job.id == job.id
    alice.resume_scheduled_job(scheduled_job_id=made.id)
    assert alice.update_scheduled_job_schedule(scheduled_job_id=made.id, schedule="0 9 * * 1").schedule == "0 9 * * 1"
    alice.update_scheduled_job_labels(scheduled_job_id=made.id, labels={"team": "ml"})
    assert [one.id for one in alice.list_scheduled_jobs(labels={"team": "ml"})] == [made.id]
    alice.delete_scheduled_job(scheduled_job_id=made.id)
    assert alice.list_scheduled_jobs() == []


def test_the_hardware_is_that_of_the_setting(alice: HfApi) -> None:
    first, second = alice.list_jobs_hardware()
    assert (first.name, first.cpu, first.ram, first.accelerator) == ("cpu-basic", "0.5 vCPU", "0.064 GB", None)
    assert second.accelerator is not None
    assert second.accelerator.quantity == "1"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"image": "hf.co/spaces/a/b", "command": ["x"]}, 400),
        ({"image": IMAGE, "command": []}, 400),
        ({"image": IMAGE, "command": ["x"], "flavor": "h200x8"}, 400),
        ({"image": IMAGE, "command": ["x"], "expose": [80]}, 400),
        ({"image": IMAGE, "command": ["x"], "ssh": True}, 400),
        ({"image": IMAGE, "command": ["x"], "namespace": "bob"}, 403),
        ({"image": IMAGE, "command": ["x"], "env": {"NOT A NAME": "x"}}, 400),
    ],
)
def test_what_there_is_not_is_refused(alice: HfApi, asked: dict[str, Any], status: int) -> None:
    with pytest.raises(HfHubHTTPError) as failure:
        alice.run_job(**asked)
    assert failure.value.response.status_code == status
    assert failure.value.response.headers["X-Error-Code"].startswith("CG-")


def test_jobs_of_another_look_absent(alice: HfApi, bob: HfApi, endpoint: str) -> None:
    job = alice.run_job(**shell("true"))
    for number, namespace in ((job.id, "alice"), (job.id, "bob"), ("0", "bob"), ("x", "bob")):
        with pytest.raises(HfHubHTTPError) as failure:
            bob.inspect_job(job_id=number, namespace=namespace)
        assert failure.value.response.status_code == 404
    assert list(bob.list_jobs(namespace="alice")) == []
    for path in ("/api/jobs/alice", "/api/scheduled-jobs/alice", f"/api/jobs/alice/{job.id}/logs"):
        assert httpx.get(endpoint + path).status_code in {401, 404}


def hf(endpoint: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_TOKEN": TOKENS["alice"],
        "HF_HOME": str(folder),
        "NO_COLOR": "1",
    }
    program = "from huggingface_hub.cli.hf import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, env=environ, check=False
    )


def test_the_command_line(endpoint: str, tmp_path: Path) -> None:
    done = hf(endpoint, tmp_path, "jobs", "run", "--name", "hi", "-e", "A=b", IMAGE, "sh", "-c", "echo from $A")
    assert done.returncode == 0, done.stderr
    assert "from b" in done.stdout
    listed = hf(endpoint, tmp_path, "jobs", "ps", "-a", "--format", "json")
    assert listed.returncode == 0, listed.stderr
    assert '"COMPLETED"' in listed.stdout or "COMPLETED" in listed.stdout
    made = hf(endpoint, tmp_path, "jobs", "scheduled", "run", "@daily", IMAGE, "true")
    assert made.returncode == 0, made.stderr
    assert hf(endpoint, tmp_path, "jobs", "hardware").returncode == 0


def test_a_uv_command_is_run(endpoint: str, tmp_path: Path) -> None:
    """``hf jobs uv run`` sends ``uv run ...``; without uv on the worker's machine the log says so."""
    done = hf(endpoint, tmp_path, "jobs", "uv", "run", "--detach", "some-command")
    assert done.returncode == 0, done.stderr
    job = next(iter(HfApi(endpoint, token=TOKENS["alice"]).list_jobs(namespace="alice")))
    assert (job.command or [])[:2] == ["uv", "run"]
