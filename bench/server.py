"""A server to measure: its own process on a temporary directory, with a user and a token."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

USER = "bench"
TOKEN = "hf_benchmarkbenchmarkbenchmarkbenchmark"
COMMAND = [sys.executable, "-c", "from commonground.cli.main import main; main()"]


class Server:
    """``with Server() as server``: ``server.url``, ``server.data``, ``server.environment`` for clients. ``python`` runs it."""

    def __init__(self, root: Path | None = None, python: str = sys.executable) -> None:
        self._command = [python, *COMMAND[1:]]
        self.root = Path(tempfile.mkdtemp(prefix="commonground-bench-", dir=root))
        self.data = self.root / "data"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.ready_seconds = 0.0
        self._process: subprocess.Popen[str] | None = None
        self._clients = 0

    def __enter__(self) -> Self:
        self.command("admin", "create-user", USER, "--data", str(self.data))
        self.command("admin", "create-token", USER, "--role", "write", "--value", TOKEN, "--data", str(self.data))
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def command(self, *words: str, **settings: str) -> str:
        """Run a ``commonground`` command, with settings given as in ``CG_PORT="1"``; its standard output."""
        environment = self._environment() | settings
        run = subprocess.run([*self._command, *words], capture_output=True, text=True, check=False, env=environment)
        if run.returncode:
            raise RuntimeError(f"{words}: {run.stderr}")
        return run.stdout

    def start(self) -> None:
        """Start the server and wait for its ready line."""
        started = time.perf_counter()
        self._process = subprocess.Popen(
            [*self._command, "serve", "--data", str(self.data), "--port", str(self.port)],
            stdout=subprocess.PIPE,
            stderr=(self.root / "log").open("a"),
            text=True,
            env=self._environment(),
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.ready_seconds = time.perf_counter() - started
        if "ready" not in line:
            raise RuntimeError((self.root / "log").read_text()[-3000:])

    def stop(self) -> None:
        """End the server and wait for it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def wait_for_cache(self, size: int) -> None:
        """Wait until files of ``size`` bytes have been rebuilt: one is, in the background, once it is asked for twice."""
        for _ in range(300):
            found = [path for path in (self.data / "cache").rglob("*") if path.is_file() and path.suffix != ".partial"]
            if sum(path.stat().st_size for path in found) >= size:
                return
            time.sleep(0.1)
        raise RuntimeError("the file was not cached")

    def kill(self) -> None:
        """Kill the server and its workers at once, as a crash would."""
        assert self._process is not None
        for process in reversed(self.processes()):  # the parent first: it would start a killed worker again
            process.kill()
        self._process.wait(10)
        self._process = None

    def processes(self) -> list[psutil.Process]:
        """The server's processes, the workers first."""
        assert self._process is not None
        parent = psutil.Process(self._process.pid)
        return [*parent.children(recursive=True), parent]

    def cpu_seconds(self) -> float:
        """CPU time used so far by all its processes."""
        return sum(sum(process.cpu_times()[:2]) for process in self.processes())

    def rss_mb(self) -> float:
        """Memory in MB: proportional set size of all its processes, so that shared pages count once."""
        return sum(process.memory_full_info().pss for process in self.processes()) / 2**20

    def client_environment(self) -> dict[str, str]:
        """Environment of a fresh client: its own empty caches, this server, a write token."""
        self._clients += 1
        home = self.root / f"client-{self._clients}"
        return self._environment() | {
            "HF_ENDPOINT": self.url,
            "HF_TOKEN": TOKEN,
            "HF_HOME": str(home),
            "HF_XET_CACHE": str(home / "xet"),
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }

    def get(self, path: str) -> bytes:
        """Body of a GET with the token."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            body: bytes = answer.read()
            return body

    def _environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("CG_", "HF_"))}
        return clean | {"CG_LOG_LEVEL": "warning"}
