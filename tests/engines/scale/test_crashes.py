"""kill -9 in the middle of commits: what was acknowledged is there, and everything is sound."""

import base64
import hashlib
import json
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from bench.server import USER

from tests.engines.scale.deployment import Backends, Node

KILLS = 20
WRITERS = 4
REPOSITORY = f"{USER}/crash"


@pytest.fixture
def hub(backends: Backends, root: Path) -> Iterator[Node]:
    node = Node(root, backends, workers="2")
    node.administer()
    node.start()
    yield node
    node.stop()


class Writer(threading.Thread):
    """Commits until the server goes away. ``acknowledged`` has the SHA-256 by path of what was answered with 200."""

    def __init__(self, hub: Node, number: int, turn: int, acknowledged: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self._http = hub.client()
        self._name = f"{turn:02}-{number}"
        self._acknowledged = acknowledged
        self._random = random.Random(self._name)

    def run(self) -> None:
        count = 0
        try:
            while True:
                self._commit(f"{self._name}-{count}", large=self._random.random() < 0.5)
                count += 1
        except httpx.HTTPError:
            self._http.close()

    def _commit(self, path: str, *, large: bool) -> None:
        data = os.urandom(200_000 if large else 300)
        digest = hashlib.sha256(data).hexdigest()
        if large:
            self._upload(digest, data)
            line = {"key": "lfsFile", "value": {"path": path, "algo": "sha256", "oid": digest, "size": len(data)}}
        else:
            content = base64.b64encode(data).decode()
            line = {"key": "file", "value": {"path": path, "content": content, "encoding": "base64"}}
        body = "\n".join(json.dumps(each) for each in [{"key": "header", "value": {"summary": path}}, line])
        kind = {"Content-Type": "application/x-ndjson"}
        self._http.post(f"/api/models/{REPOSITORY}/commit/main", content=body, headers=kind).raise_for_status()
        self._acknowledged[path] = digest

    def _upload(self, digest: str, data: bytes) -> None:
        wanted = {"operation": "upload", "transfers": ["basic"], "objects": [{"oid": digest, "size": len(data)}]}
        answer = self._http.post(f"/{REPOSITORY}.git/info/lfs/objects/batch", json=wanted)
        action = answer.raise_for_status().json()["objects"][0]["actions"]["upload"]
        self._http.put(action["href"], content=data, headers=action.get("header", {})).raise_for_status()


def test_no_acknowledged_commit_is_lost(hub: Node) -> None:
    with hub.client() as http:
        http.post("/api/repos/create", json={"name": "crash", "type": "model"}).raise_for_status()
    acknowledged: dict[str, str] = {}
    moments = random.Random(0)
    for turn in range(KILLS):
        writers = [Writer(hub, number, turn, acknowledged) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(moments.uniform(0.3, 0.8))
        hub.kill()
        for writer in writers:
            writer.join(30)
        hub.start()

    assert len(acknowledged) > KILLS
    with hub.client() as http:
        tree: dict[str, Any] = {}
        address: str | None = f"/api/models/{REPOSITORY}/tree/main"
        while address:
            page = http.get(address)
            tree |= {entry["path"]: entry for entry in page.json()}
            address = page.links.get("next", {}).get("url")
        assert set(acknowledged) <= set(tree)
        for path in random.Random(1).sample(sorted(acknowledged), 40):
            content = http.get(f"/{REPOSITORY}/resolve/main/{path}").content
            assert hashlib.sha256(content).hexdigest() == acknowledged[path], path
    hub.stop()
    assert hub.problems() == []
    hub.gc()
    assert hub.problems() == []


def test_workers_leave_with_their_server(hub: Node) -> None:
    processes = hub.processes()
    os.kill(processes[-1].pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(processes, 20)
    assert alive == []
    hub.stop()
    hub.start()


def test_a_killed_worker_is_replaced(hub: Node) -> None:
    with hub.client() as http:
        http.post("/api/repos/create", json={"name": "crash", "type": "model"}).raise_for_status()
    before = {process.pid for process in hub.processes()}
    hub.kill_one_worker()
    give_up = time.monotonic() + 20
    while len({process.pid for process in hub.processes()} - before) < 1:
        assert time.monotonic() < give_up
        time.sleep(0.2)
    with hub.client() as http:
        assert http.get(f"/api/models/{REPOSITORY}").status_code == 200
