"""The Ray launcher with a real cluster of two nodes."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from commonground.compute.launchers.model import Job
from commonground.compute.launchers.ray import RayCluster, RayJob
from commonground.compute.launchers.shared import SharedLauncher
from commonground.errors import EngineFailed
from tests.compute.launchers.contract import LauncherContract, first_line, gone, job, run, sleeper, texts
from tests.compute.runs.house import house, working
from tests.engines.conftest import HOME
from tests.engines.ray.cluster import Cluster, cluster

pytestmark = pytest.mark.anyio
PYTHON = HOME / "venv" / "bin" / "python"


@pytest.fixture(scope="module")
def nodes() -> Iterator[Cluster]:
    """A cluster in a folder with a short path, since sockets have few letters."""
    with (
        tempfile.TemporaryDirectory(prefix="cg", ignore_cleanup_errors=True) as folder,
        cluster(PYTHON.with_name("ray"), Path(folder)) as running,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in running.environment.items():
            patch.setenv(name, value)
        patch.setenv("CG_TEST_RAY", running.address)
        yield running


@pytest.fixture(autouse=True)
def ready(nodes: Cluster) -> None:
    """Every test needs the cluster."""


def launcher() -> SharedLauncher[RayJob]:
    return SharedLauncher(RayCluster(os.environ["CG_TEST_RAY"], str(PYTHON)), grace=0.5, silence=3.0)


def spread(asked: Job) -> Job:
    """One node has no room for two of its processes."""
    return msgspec.structs.replace(
        asked, processes=[msgspec.structs.replace(process, cpus=3.0) for process in asked.processes]
    )


class TestRay(LauncherContract):
    maker = "tests.engines.ray.test_ray:launcher"
    worker_death_seconds = 20.0


async def test_processes_of_two_nodes_meet_where_the_first_is(tmp_path: Path) -> None:
    place = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "1",
        "LOCAL_RANK": "",
        "GROUP_RANK": "",
        "GLOO_SOCKET_IFNAME": "lo",
    }
    show = "echo $MASTER_ADDR $MASTER_PORT $LOCAL_RANK $GROUP_RANK $GLOO_SOCKET_IFNAME"
    status, lines = await run(launcher(), spread(job(tmp_path, show, show, **place)))
    assert status.exit_code == 0
    one, other = (texts(lines, rank=rank)[0].split() for rank in (0, 1))
    assert one[:2] == other[:2]
    assert (one[2:], other[2:]) == ([b"0", b"0"], [b"0", b"1"])


async def test_a_wrong_token_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 64)
    with pytest.raises(EngineFailed, match="Failed to connect"):
        await launcher().start(job(tmp_path, "true"))


STEPS = 40
SCRIPT = f"""
state=$CG_CHECKPOINT/$RANK
i=$(cat $state 2>/dev/null || echo 0)
echo "from $i at $MASTER_ADDR"
while [ $i -lt {STEPS} ]; do
  sleep 0.1
  i=$((i+1))
  echo $i > $state.new && mv $state.new $state
done
echo $i > $CG_OUTPUT_MODEL/$RANK
"""


async def test_a_run_goes_on_when_a_node_is_lost(nodes: Cluster, tmp_path: Path) -> None:
    """Both processes checkpoint; the node of one is killed, another joins, and the run ends from where it was."""
    settings: dict[str, Any] = {
        "run_engines": ("ray",), "ray_address": nodes.address, "ray_python": str(PYTHON), "run_cpus": 8,
        "run_folder": tmp_path / "shared",
    }  # fmt: skip
    async with house(tmp_path / "data", **settings) as home, working(home.services):
        repository, _ = await home.repository("m")
        ran = await home.submit(
            SCRIPT, engine="ray", outputs={"model": "hub://models/alice/m"}, fault={"max_restarts": 3},
            resources={"workers": 2, "cpus": 3},
        )  # fmt: skip
        checkpoint = tmp_path / "shared" / str(ran.id) / "checkpoint"
        await home.until(ran.id, lambda _: all(steps(checkpoint, rank) >= 5 for rank in (0, 1)), 60)
        nodes.kill(2)
        nodes.start(3)
        ended = await home.until(ran.id, lambda found: found.state in {"succeeded", "failed"}, 90)
        log = await home.log(ran.id)
        assert ended.state == "succeeded", log
        assert ended.attempt == 2
        assert await home.files(repository) == {"0": b"40\n", "1": b"40\n"}
    began = [int(line.partition("from ")[2].split()[0]) for line in log.splitlines() if "from " in line]
    assert began[:2] == [0, 0]
    assert min(began[2:]) >= 5


def steps(checkpoint: Path, rank: int) -> int:
    try:
        return int((checkpoint / str(rank)).read_text())
    except (OSError, ValueError):
        return 0


async def test_a_killed_driver_ends_the_run(tmp_path: Path) -> None:
    launching, command = launcher(), sleeper()
    handle = await launching.start(job(tmp_path, f"echo; {command}"))
    await first_line(launching.logs(handle))
    assert handle.placed is not None
    handle.placed.driver.kill()
    assert (await launching.wait(handle)).exit_code == 137
    assert await gone(command)
