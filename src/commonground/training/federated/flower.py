"""Flower's processes for one run: a SuperLink that keeps messages, a SuperNode for each site, and the app they execute.

Flower has an environment of its own: what it needs does not go together with what others need. That environment has this package too.
Everything stays inside the folder and the processes of the run: no telemetry, no look for updates, nothing installed on the way.
"""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from commonground.errors import FlowerFailed

ENVIRONMENT = "CG_FLOWER_ENVIRONMENT"
"""Environment variable with the folder of the environment that has Flower."""
STARTING, STOPPING, TICK = 60.0, 5.0, 0.1
CONNECTION = "run"

PROJECT = """\
[project]
name = "commonground-federated"
version = "1.0.0"
dependencies = []

[tool.flwr.app]
publisher = "commonground"

[tool.flwr.app.components]
serverapp = "commonground_federated:server"
clientapp = "commonground_federated:client"

[tool.flwr.app.config]
"""
MODULE = '''"""Made for one run."""

from commonground.training.kinds.flower_app import client, server

__all__ = ["client", "server"]
'''


class Flower:
    """Starts Flower's commands with ``home`` (a folder of this process alone) as their home. :class:`FlowerFailed` where Flower is not there."""

    def __init__(self, home: Path) -> None:
        self._programs = Path(os.environ.get(ENVIRONMENT, "")) / "bin"
        self._home = home
        if not os.environ.get(ENVIRONMENT) or not (self._programs / "flwr").exists():
            raise FlowerFailed(reason="the worker has no environment for it")
        home.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def superlink(self, host: str) -> Iterator[str]:
        """A SuperLink that answers, by its address; ended with the block."""
        port = _free_port(host)
        command = ["flower-superlink", "--insecure", "--host", host, "--port", str(port)]
        with self._daemon([*command, "--database", str(self._home / "superlink.db")]) as process:
            _wait(process, host, port)
            yield f"{host}:{port}"

    @contextmanager
    def supernode(self, superlink: str, rank: int) -> Iterator["subprocess.Popen[bytes]"]:
        """A SuperNode of this process; ended with the block."""
        own = ["--host", "127.0.0.1", "--port", str(_free_port("127.0.0.1"))]
        config = ["--node-config", f"partition-id={rank}"]
        command = ["flower-supernode", "--insecure", "--superlink", superlink, *own, *config]
        with self._daemon(command) as process:
            yield process

    @contextmanager
    def run(self, superlink: str) -> Iterator["subprocess.Popen[bytes]"]:
        """The app submitted to a SuperLink: a process that writes what the app logs and ends when it does."""
        app = self._home / "app"
        app.mkdir(exist_ok=True)
        (app / "pyproject.toml").write_text(PROJECT)
        (app / "commonground_federated.py").write_text(MODULE)
        connection = f'[superlink]\ndefault = "{CONNECTION}"\n\n[superlink.{CONNECTION}]\naddress = "{superlink}"\ninsecure = true\n'
        (self._home / "config.toml").write_text(connection)
        with self._daemon(["flwr", "run", str(app), CONNECTION, "--stream"]) as process:
            yield process

    @contextmanager
    def _daemon(self, command: Sequence[str]) -> Iterator["subprocess.Popen[bytes]"]:
        process = subprocess.Popen(  # noqa: S603 - a program of the environment that was named
            [str(self._programs / command[0]), *command[1:]], env=self._environment(), stdin=subprocess.DEVNULL
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOPPING)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _environment(self) -> dict[str, str]:
        modules = [os.environ.get("CG_INPUT_CODE", ""), str(Path.cwd()), os.environ.get("PYTHONPATH", "")]
        return {
            **os.environ,
            "PATH": os.pathsep.join([str(self._programs), os.environ.get("PATH", os.defpath)]),
            "PYTHONPATH": os.pathsep.join(filter(None, modules)),
            "FLWR_HOME": str(self._home),
            "FLWR_TELEMETRY_ENABLED": "0",
            "FLWR_DISABLE_UPDATE_CHECK": "1",
            "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
            "NO_COLOR": "1",
        }


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: "subprocess.Popen[bytes]", host: str, port: int) -> None:
    give_up = time.monotonic() + STARTING
    while True:
        if process.poll() is not None:
            raise FlowerFailed(reason="its SuperLink did not start; the log says why")
        try:
            socket.create_connection((host, port), 1).close()
        except OSError:
            if time.monotonic() > give_up:
                raise FlowerFailed(reason=f"its SuperLink did not answer within {STARTING:g} s") from None
            time.sleep(TICK)
        else:
            return
