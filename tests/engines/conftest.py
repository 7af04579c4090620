"""Engine tests run one group at a time, their clients in the group's own environment (see ``run``)."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bench.server import Server

GROUP = os.environ.get("CG_ENGINE_GROUP", "")
HOME = Path(os.environ.get("CG_ENGINE_HOME", "."))

collect_ignore = [folder.name for folder in Path(__file__).parent.iterdir() if folder.is_dir() and folder.name != GROUP]

Script = Callable[..., str]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A real server on an empty directory, with a user and a write token."""
    with Server() as running:
        yield running


@pytest.fixture(scope="session")
def client(server: Server) -> Script:
    """``client(script, *arguments)``: the output of a Python script run by the group's interpreter as a fresh client."""

    def run(script: str, *arguments: str, **extra: str) -> str:
        command = [str(HOME / "venv" / "bin" / "python"), "-W", "ignore", "-c", script, *arguments]
        return _run(command, server.client_environment() | extra)

    return run


@pytest.fixture(scope="session")
def node(server: Server) -> Script:
    """``node(script, *arguments)``: the output of a JavaScript module run with the group's packages."""

    def run(script: str, *arguments: str, **extra: str) -> str:
        module = HOME / "script.mjs"
        module.write_text(script)
        return _run(["node", str(module), *arguments], server.client_environment() | extra)

    return run


def _run(command: list[str], environment: dict[str, str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=280)
    assert result.returncode == 0, f"{result.stdout[-2000:]}\n{result.stderr[-6000:]}"
    return result.stdout.strip()
