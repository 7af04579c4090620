"""The Slurm launcher with a real Slurm."""

import asyncio
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from commonground.compute.launchers.shared import SharedLauncher
from commonground.compute.launchers.slurm import Slurm, SlurmJob
from commonground.errors import EngineFailed
from tests.compute.launchers.contract import LauncherContract, alive, first_line, gone, job, sleeper
from tests.engines.slurm.cluster import CPUS, cluster, missing

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", autouse=True)
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cluster; the launcher finds it as a worker does, by ``SLURM_CONF``."""
    if absent := missing() or (["root"] if os.geteuid() else []):
        assert "CI" not in os.environ, f"missing: {absent}"
        pytest.skip(f"install slurm-wlm and munge, and run as root: there is no {', '.join(absent)}")
    with cluster(tmp_path_factory.mktemp("slurm")) as configuration, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", str(configuration))
        yield


def launcher() -> SharedLauncher[SlurmJob]:
    return SharedLauncher(Slurm(), grace=0.5, silence=3.0)


def queue() -> str:
    return subprocess.run(["squeue", "--noheader"], capture_output=True, text=True, check=True).stdout


class TestSlurm(LauncherContract):
    maker = "tests.engines.slurm.test_slurm:launcher"
    worker_death_seconds = 15.0


async def test_all_processes_of_a_job_are_placed_at_once_or_wait(tmp_path: Path) -> None:
    """A second job that needs more than is left starts when the first has ended; killed while it waits, it never does."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    held = await launcher().start(job(first, *["sleep 60"] * (CPUS - 1)))
    waiting = launcher().start(job(second, "touch started", "touch started"))
    task = asyncio.create_task(waiting)
    await asyncio.sleep(3)
    assert not (second / "started").exists()
    assert "PD" in queue()
    task.cancel()
    await asyncio.wait([task])
    assert "PD" not in queue()
    await launcher().kill(held, 0.1)
    assert not (second / "started").exists()


async def test_a_job_that_slurm_cancels_fails(tmp_path: Path) -> None:
    launching, command = launcher(), sleeper()
    handle = await launching.start(job(tmp_path, f"echo; {command}"))
    await first_line(launching.logs(handle))
    assert alive(command)
    assert handle.placed is not None
    subprocess.run(["scancel", handle.placed.number], check=True)
    assert (await launching.wait(handle)).exit_code not in {0, None}
    assert await gone(command)


async def test_what_slurm_refuses_says_why(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="partition"):
        await SharedLauncher(Slurm(["--partition=absent"])).start(job(tmp_path, "true"))


async def test_what_a_process_needs_is_asked_for(tmp_path: Path) -> None:
    launching, asked = launcher(), job(tmp_path, "sleep 60")
    needing = msgspec.structs.replace(asked.processes[0], cpus=2.0, memory=300 * 2**20)
    handle = await launching.start(msgspec.structs.replace(asked, processes=[needing]))
    assert handle.placed is not None
    shown = subprocess.run(["scontrol", "show", "job", handle.placed.number], capture_output=True, check=True).stdout
    assert b"NumCPUs=2" in shown
    assert b"MinMemoryCPU=150M" in shown
    await launching.kill(handle, 0.1)


async def test_the_environment_of_the_worker_stays_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CG_RUN_SECRET_TOKEN", secret := secrets.token_hex(16))
    launching = launcher()
    handle = await launching.start(job(tmp_path, "echo; sleep 60"))
    await first_line(launching.logs(handle))
    assert secret.encode() not in b"".join(environments())
    await launching.kill(handle, 0.1)


def environments() -> Iterator[bytes]:
    """Of every process of this machine."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            yield path.read_bytes()
