"""What a job becomes, and that nothing a client sends breaks the server."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonground.compute.runs.hardware import read_hardware
from commonground.compute.runs.spec import parse
from commonground.errors import InvalidSetting, InvalidSpec, JobUnsupported
from commonground.gateways.huggingface.jobs import document_of
from commonground.gateways.huggingface.jobs_wire import JobSpec
from tests.gateways.huggingface.hub import Hub, _prepared, running

HARDWARE = read_hardware(("cpu-basic:1:1GB", "t4-small:4:15GB:1"))


def spec(**more: Any) -> JobSpec:
    return msgspec.convert({"dockerImage": "python:3.12", "command": ["python", "-c", "print('a b')"], **more}, JobSpec)


def test_a_job_in_its_image() -> None:
    asked = spec(
        flavor="t4-small", timeoutSeconds=60, attempts=3, environment={"N": 1, "B": True}, secrets={"K": "v"},
        labels={"name": "greet me"}, arguments=["x y"],
    )  # fmt: skip
    document, secrets = document_of(asked, HARDWARE, on_host=False)
    found = parse(document)
    assert (found.engine, found.image, found.name) == ("container", "python:3.12", "greet-me")
    assert found.run == """python -c 'print('"'"'a b'"'"')' 'x y'"""
    assert (found.resources.cpus, found.resources.memory, found.resources.gpus) == (4.0, 15_000_000_000, 1)
    assert (found.fault.timeout, found.fault.max_restarts) == (60.0, 2)
    assert found.environment["N"] == "1"
    assert found.environment["B"] == "true"
    assert "v" not in msgspec.json.encode(found).decode().split('"')
    assert list(secrets.values()) == ["v"]


def test_a_job_on_the_host_takes_no_notice_of_the_image() -> None:
    found = parse(document_of(spec(), HARDWARE, on_host=True)[0])
    assert (found.engine, found.image, found.options["image"], found.fault.timeout) == (
        "local",
        None,
        "python:3.12",
        1800.0,
    )


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"spaceId": "a/b"}, JobUnsupported),
        ({"volumes": [{"type": "model"}]}, JobUnsupported),
        ({"flavor": "h200"}, JobUnsupported),
        ({"command": []}, InvalidSpec),
        ({"dockerImage": None}, InvalidSpec),
    ],
)
def test_what_there_is_not(more: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        document_of(spec(**more), HARDWARE, on_host=True)


@pytest.mark.parametrize("text", ["", "a", "a:1", "a:x:1GB", "a:1:1XB", "a:1:1GB:x", "a:1:1GB:1:1"])
def test_hardware_that_cannot_be_read(text: str) -> None:
    with pytest.raises(InvalidSetting):
        read_hardware((text,))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(_prepared(), tmp_path / "hub"))


@pytest.fixture
async def hub(folder: Path, anyio_backend: str) -> AsyncIterator[Hub]:
    async with running(folder, runs_by="users") as found:
        yield found


@pytest.mark.anyio
async def test_without_the_container_engine_it_says_so(hub: Hub) -> None:
    answer = await hub.alice.post("/api/jobs/alice", json={"dockerImage": "python:3.12", "command": ["true"]})
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (400, "CG-1805")
    assert "container" in answer.headers["X-Error-Message"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
_FIELDS = st.sampled_from(
    ["dockerImage", "spaceId", "command", "arguments", "environment", "secrets", "flavor", "timeoutSeconds", "attempts", "labels"]
)  # fmt: skip
_TEXTS = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3)
_JOBS = st.fixed_dictionaries(
    {"dockerImage": st.just("a"), "command": st.just(["true"])},
    optional={
        "environment": _TEXTS, "secrets": _TEXTS, "labels": _TEXTS, "timeoutSeconds": st.integers(),
        "attempts": st.integers(), "arguments": st.lists(st.text(max_size=8), max_size=3),
    },
)  # fmt: skip


def test_no_body_breaks_the_server(folder: Path) -> None:
    async def inside(bodies: list[Any]) -> list[int]:
        async with running(folder, runs_by="users", jobs_image="host") as found:
            answers = []
            for body in bodies:
                answers.append(await found.alice.post("/api/jobs/alice", json=body))
                asked = {"jobSpec": body, "schedule": "@daily"}
                answers.append(await found.alice.post("/api/scheduled-jobs/alice", json=asked))
            return [answer.status_code for answer in answers]

    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(st.dictionaries(_FIELDS, _JSON, max_size=5) | _JOBS, min_size=20, max_size=30))
    def property_(bodies: list[Any]) -> None:
        assert set(anyio.run(inside, bodies)) <= {200, 400, 413, 422}

    property_()


@pytest.mark.anyio
async def test_lists_refuse_what_they_cannot_read(hub: Hub) -> None:
    for query in ("stage=NOWHERE", "cursor=x", "limit=0"):
        assert (await hub.alice.get(f"/api/jobs/alice?{query}")).status_code == 400
    assert (await hub.alice.get("/api/jobs/alice?stage=RUNNING&stage=DELETED&label=a=b")).json() == []
    assert (await hub.alice.get("/api/jobs/alice?stage=DELETED")).json() == []
    assert (await hub.nobody.get("/api/jobs/alice")).status_code == 401
