"""What does without Flower's environment: the engine, and what is said where the environment is missing."""

from pathlib import Path

import pytest

from commonground.compute.launchers.model import Job, Process
from commonground.errors import FlowerFailed
from commonground.training.federated.flower import ENVIRONMENT, Flower
from commonground.training.federated.launcher import FlowerLauncher


@pytest.mark.parametrize("folder", ["", "/nowhere"])
def test_without_an_environment_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    monkeypatch.setenv(ENVIRONMENT, folder)
    with pytest.raises(FlowerFailed, match="no environment"):
        Flower(tmp_path / "home")


def test_a_superlink_that_does_not_start_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("flwr", "flower-superlink"):
        (programs / name).write_text("#!/bin/sh\nexit 3\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    with pytest.raises(FlowerFailed, match="SuperLink did not start"), Flower(tmp_path / "home").superlink("127.0.0.1"):
        pass


@pytest.mark.anyio
@pytest.mark.parametrize("environment", [None, Path("/opt/flower")])
async def test_the_engine_tells_processes_where_the_environment_is(tmp_path: Path, environment: Path | None) -> None:
    launcher = FlowerLauncher(environment)
    command = ["/bin/sh", "-c", f"echo ${{{ENVIRONMENT}-none}}"]
    process = Process(role="worker", rank=0, command=command, environment={"PATH": "/bin"}, folder=tmp_path)
    handle = await launcher.start(Job(name="run-1", processes=[process]))
    lines = [line.data.decode().strip() async for line in launcher.logs(handle)]
    assert lines == [str(environment or "none")]
    assert (await launcher.wait(handle)).exit_code == 0
