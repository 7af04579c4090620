"""Agents and the folder they share with the worker, with an engine that starts them on this machine."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from commonground.compute.launchers.model import Job
from commonground.compute.launchers.shared import SharedLauncher, agent_command
from commonground.errors import EngineFailed
from tests.compute.launchers.contract import LauncherContract, first_line, gone, job, run, sleeper, texts

pytestmark = pytest.mark.anyio


class Here:
    """Agents as processes of this machine; each believes to be on the machine of ``addresses``, in turn."""

    name = "here"

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses or ("10.0.0.1",)
        self.agents: list[asyncio.subprocess.Process] = []
        self.missing: dict[int, str] = {}

    async def place(self, job: Job, root: Path) -> "Here":
        for number in range(len(job.processes)):
            environment = {"CG_ADDRESS": self._addresses[number % len(self._addresses)], "SLOT": str(number - 1)}
            command = agent_command(sys.executable, root, "SLOT")
            self.agents.append(
                await asyncio.create_subprocess_exec(
                    *command, env={**environment, "CG_FIRST": "1"}, start_new_session=True
                )
            )
        return self

    async def gone(self, placed: "Here") -> Mapping[int, str]:
        codes = {n: f"exit code {a.returncode}" for n, a in enumerate(self.agents) if a.returncode is not None}
        return codes | self.missing

    async def remove(self, placed: "Here") -> None:
        for agent in self.agents:
            if agent.returncode is None:
                agent.kill()
            await agent.wait()
        self.agents.clear()


def launcher() -> SharedLauncher[Here]:
    return SharedLauncher(Here(), grace=0.3, silence=2.0)


class TestShared(LauncherContract):
    maker = "tests.compute.launchers.test_shared:launcher"


SHOW = "echo $MASTER_ADDR $MASTER_PORT $LOCAL_RANK $LOCAL_WORLD_SIZE $GROUP_RANK $GLOO_SOCKET_IFNAME"
PLACE = {
    "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1", "LOCAL_RANK": "", "LOCAL_WORLD_SIZE": "", "GROUP_RANK": "",
    "GLOO_SOCKET_IFNAME": "lo",
}  # fmt: skip


async def test_processes_of_several_machines_meet_where_the_first_is(tmp_path: Path) -> None:
    _, lines = await run(SharedLauncher(Here("10.0.0.1", "10.0.0.2")), job(tmp_path, SHOW, SHOW, SHOW, **PLACE))
    shown = [texts(lines, rank=rank)[0].decode().split() for rank in range(3)]
    assert {(address, port) for address, port, *_ in shown} == {("10.0.0.1", shown[0][1])}
    assert int(shown[0][1]) > 1
    assert [rest for _, _, *rest in shown] == [["0", "2", "0"], ["0", "1", "1"], ["1", "2", "0"]]


async def test_processes_of_one_machine_meet_on_its_loopback(tmp_path: Path) -> None:
    _, lines = await run(SharedLauncher(Here()), job(tmp_path, SHOW, SHOW, **PLACE))
    shown = [texts(lines, rank=rank)[0].decode().split() for rank in range(2)]
    assert [(place[0], place[2:]) for place in shown] == [
        ("127.0.0.1", [str(rank), "2", "0", "lo"]) for rank in range(2)
    ]


async def test_a_lost_agent_fails_its_process_and_ends_the_others(tmp_path: Path) -> None:
    engine, lost, other = Here(), sleeper(), sleeper()
    launching = SharedLauncher(engine, grace=0.3)
    handle = await launching.start(job(tmp_path, f"echo; {lost}", other))
    await first_line(launching.logs(handle))
    engine.agents[0].kill()
    lines = [line async for line in launching.logs(handle)]
    status = await launching.wait(handle)
    assert (status.exit_code, status.failed) == (137, "worker 0")
    assert b"here: exit code -9\n" in texts(lines, "stderr")
    assert await gone(lost)
    assert await gone(other)


class Crowded(Here):
    """Has no place for the second process."""

    async def place(self, job: Job, root: Path) -> Here:
        await super().place(job, root)
        self.agents[1].kill()
        self.missing = {1: "there is no room"}
        return self


async def test_nothing_starts_when_one_place_cannot_be_had(tmp_path: Path) -> None:
    engine = Crowded()
    with pytest.raises(EngineFailed, match="worker 1: there is no room"):
        await SharedLauncher(engine).start(job(tmp_path, "touch started", "touch started"))
    assert not (tmp_path / "started").exists()
    assert not engine.agents


async def test_an_agent_ends_when_the_worker_is_silent(tmp_path: Path) -> None:
    engine, command = Here(), sleeper()
    launching = SharedLauncher(engine, grace=0.3, silence=1.0)
    handle = await launching.start(job(tmp_path, f"echo; {command}"))
    await first_line(launching.logs(handle))
    lease = handle.root / "lease"
    lease.unlink()
    lease.mkdir()  # the worker can say nothing any more
    assert await gone(command)
    assert (await launching.wait(handle)).exit_code == 137
