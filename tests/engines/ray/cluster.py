"""A Ray cluster of several nodes on this machine, each with an address of its own on the loopback."""

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CPUS = 4


class Cluster:
    """Nodes are numbered from 1; the first is the head. ``environment`` is what clients need."""

    def __init__(self, ray: Path, folder: Path) -> None:
        self._ray, self._folder = ray, folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.environment = {
            "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_USAGE_STATS_ENABLED": "0",
        }  # fmt: skip
        self._nodes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, number: int) -> None:
        """Start a node and wait until it is there."""
        place = ["--head", f"--port={self.address.rpartition(':')[2]}", "--include-dashboard=false"]
        joined = place if number == 1 else [f"--address={self.address}"]
        command = [str(self._ray), "start", "--block", *joined, f"--node-ip-address=127.0.0.{number}"]
        command += [f"--num-cpus={CPUS}", "--object-store-memory=100000000", "--disable-usage-stats"]
        log = self._folder / f"node-{number}.log"
        with log.open("wb") as output:
            self._nodes[number] = subprocess.Popen(
                [*command, *([f"--temp-dir={self._folder}/ray"] if number == 1 else [])],
                env={**os.environ, **self.environment}, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        give_up = time.monotonic() + 60
        while b"--block" not in log.read_bytes():
            assert time.monotonic() < give_up, log.read_text()
            time.sleep(0.2)

    def kill(self, number: int) -> None:
        """Lose a node: its daemon is killed, and what runs there notices by itself."""
        mark = f"--node_ip_address=127.0.0.{number}".encode()
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                words = path.read_bytes().split(b"\0")
                if words[0].endswith(b"/raylet") and mark in words:
                    os.kill(int(path.parent.name), signal.SIGKILL)

    def stop(self) -> None:
        """End all nodes."""
        for node in reversed(self._nodes.values()):
            node.terminate()
            with suppress(subprocess.TimeoutExpired):
                node.wait(20)
            with suppress(ProcessLookupError):
                os.killpg(node.pid, signal.SIGKILL)


@contextmanager
def cluster(ray: Path, folder: Path) -> Iterator[Cluster]:
    """Two nodes until the end of the block."""
    found = Cluster(ray, folder)
    try:
        found.start(1)
        found.start(2)
        yield found
    finally:
        found.stop()
