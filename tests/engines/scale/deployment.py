"""A hub on PostgreSQL and an S3 bucket, as several processes that share nothing else."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
from bench.server import TOKEN, USER, Server


@dataclass(frozen=True)
class Backends:
    """Where a deployment keeps what it keeps."""

    database_url: str
    storage_url: str

    def environment(self) -> dict[str, str]:
        """The settings that lead there."""
        return {"CG_DATABASE_URL": self.database_url, "CG_STORAGE_URL": self.storage_url}


class Node(Server):
    """One server of a deployment: its data directory is a cache that may be lost."""

    def __init__(self, root: Path, backends: Backends, **settings: str) -> None:
        super().__init__(root)
        self.data = self.root / "data"
        self._settings = backends.environment() | {f"CG_{name.upper()}": value for name, value in settings.items()}

    def _environment(self) -> dict[str, str]:
        return super()._environment() | self._settings

    def administer(self) -> None:
        """Make the user of the clients, an administrator."""
        self.command("admin", "create-user", USER, "--admin")
        self.command("admin", "create-token", USER, "--role", "write", "--value", TOKEN)

    def client(self) -> httpx.Client:
        """An HTTP client with the token of that user."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)

    def python(self, script: str, *arguments: str, **extra: str) -> str:
        """The output of a script run as a fresh client with its own caches."""
        command = [sys.executable, "-W", "ignore", "-c", script, *arguments]
        return output(command, self.client_environment() | extra)

    def gc(self) -> dict[str, Any]:
        """The report of a gc that waits for no upload."""
        environment = self._environment() | {"CG_UPLOAD_LEASE_SECONDS": "0"}
        report: dict[str, Any] = json.loads(output([*COMMAND, "gc", "--json"], environment))
        return report

    def problems(self) -> list[Any]:
        """What fsck finds."""
        report = json.loads(self.command("fsck", "--json"))
        problems: list[Any] = report["problems"]
        return problems

    def kill(self) -> None:
        """Kill the server, then its workers: the other way round it would start new ones."""
        assert self._process is not None
        workers = self.processes()[:-1]
        self._process.kill()
        self._process.wait(10)
        for worker in workers:
            worker.kill()
        psutil.wait_procs(workers, 10)
        self._process = None

    def kill_one_worker(self) -> None:
        """Kill one of the processes that answer requests; the server starts another."""
        os.kill(self.processes()[0].pid, signal.SIGKILL)


COMMAND = [sys.executable, "-c", "from commonground.cli.main import main; main()"]


def output(command: list[str], environment: dict[str, str], cwd: Path | None = None) -> str:
    """What a program prints; its errors are the failure of the test."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=cwd, timeout=120)
    assert done.returncode == 0, f"{command[:6]}: {done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout.strip()
