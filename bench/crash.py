"""kill -9 again and again during commits and uploads: nothing that was acknowledged may be lost."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

from bench import clients
from bench.api import Api
from bench.report import Row, row
from bench.server import USER, Server

WRITERS = 3


def kills(times: int = 200) -> list[Row]:
    """Acknowledged commits lost, what fsck finds and what gc cannot reap, after ``times`` kills. ``BENCH_KILLS`` sets another number."""
    times = int(os.environ.get("BENCH_KILLS", times))
    acknowledged: dict[str, str] = {}
    with Server() as server:
        api = Api(server)
        api.create("crash")
        api.close()
        lost: list[str] = []
        for turn in range(times):
            round_commits: dict[str, str] = {}
            _crash(server, turn, round_commits)
            server.start()
            acknowledged |= round_commits
            lost += _missing(server, round_commits)
        lost += _missing(server, acknowledged)
        server.stop()
        problems = _problems(server)
        reaped = _collect(server)
        left = _collect(server)
        problems += _problems(server)
    peers: dict[str, float] = {
        "kills": times,
        "acknowledged": len(acknowledged),
        "fsck_problems": problems,
        "reaped": reaped,
        "left": left,
    }
    return [row("kill_lost", [len(set(lost)) + problems + left], "commits", "lower", peers)]


def _problems(server: Server) -> int:
    return len(json.loads(server.command("fsck", "--json", "--data", str(server.data)))["problems"])


def _collect(server: Server) -> int:
    """Remove what the crashes left behind, whatever its age; how many objects, files and xorbs that were."""
    found = json.loads(server.command("gc", "--json", "--data", str(server.data), CG_UPLOAD_LEASE_SECONDS="0"))
    return sum(found[name] for name in ("git_objects", "files", "xorbs", "stray_objects"))


def _crash(server: Server, turn: int, done: dict[str, str]) -> None:
    stop = threading.Event()
    threads = [threading.Thread(target=_commit, args=(server, f"{turn}-{w}", stop, done)) for w in range(WRITERS)]
    uploading = _upload(server, turn) if turn % 4 == 0 else None
    for thread in threads:
        thread.start()
    time.sleep(random.uniform(0.05, 0.8) if uploading is None else random.uniform(0.8, 3.5))
    server.kill()
    stop.set()
    for thread in threads:
        thread.join()
    if uploading is not None:
        uploading.kill()
        uploading.wait()


def _commit(server: Server, name: str, stop: threading.Event, done: dict[str, str]) -> None:
    api = Api(server)
    number = 0
    while not stop.is_set():
        path = f"w{name}/{number}.txt"
        try:
            done[path] = api.commit(f"{USER}/crash", {path: path.encode()})
        except (OSError, RuntimeError, ValueError):
            return
        except Exception as error:
            if "http.client" not in type(error).__module__:
                raise
            return
        number += 1


def _upload(server: Server, turn: int) -> "subprocess.Popen[bytes]":
    source: Path = clients.random_file(server.root / f"crash-{turn % 8}", 20_000_000)
    extra = {"HF_HUB_DISABLE_XET": "1"} if turn % 8 == 0 else {}
    command = [sys.executable, "-c", clients.HUB_UPLOAD, f"{USER}/crash", str(source), f"big-{turn}.bin"]
    environment = server.client_environment() | extra
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _missing(server: Server, commits: dict[str, str]) -> list[str]:
    api = Api(server)
    missing = []
    for path, commit in commits.items():
        try:
            api.call("GET", f"/api/models/{USER}/crash/revision/{commit}")
            if server.get(f"/{USER}/crash/resolve/main/{path}") != path.encode():
                missing.append(path)
        except (OSError, RuntimeError):
            missing.append(path)
    api.close()
    return missing
