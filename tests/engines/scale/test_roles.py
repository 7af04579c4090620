"""The roles apart: three servers, each with its routes, on one database and one bucket."""

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from bench.server import USER

from tests.engines.scale.deployment import Backends, Node
from tests.engines.scale.test_clients import DOWNLOAD, UPLOAD

ROUTES = {
    "/healthz": {"hub", "web", "worker"},
    "/readyz": {"hub", "web", "worker"},
    "/metrics": {"hub", "web", "worker"},
    "/api/models": {"hub"},
    "/api/cg/v1/server": {"hub"},
    "/xet/health": set(),
    "/": {"web"},
    "/login": {"web"},
    "/models": {"web"},
}


@pytest.fixture
def nodes(backends: Backends, root: Path) -> Iterator[dict[str, Node]]:
    """Servers that are not started, by role; a file above 1 MB is verified in the background."""
    made = {role: Node(root, backends, role=role, inline_verify_limit="1000000") for role in ("hub", "web", "worker")}
    made["hub"].administer()
    yield made
    for node in made.values():
        node.stop()


def states(hub: Node) -> dict[str, str]:
    """State of the newest background tasks, by kind."""
    with hub.client() as http:
        return {task["kind"]: task["state"] for task in http.get("/api/cg/v1/tasks").json()["items"]}


def await_state(hub: Node, kind: str, state: str) -> None:
    give_up = time.monotonic() + 30
    while states(hub).get(kind) != state:
        assert time.monotonic() < give_up, states(hub)
        time.sleep(0.2)


def test_each_role_has_its_routes_and_the_worker_its_tasks(nodes: dict[str, Node], tmp_path: Path) -> None:
    hub, worker = nodes["hub"], nodes["worker"]
    hub.start()
    nodes["web"].start()
    data = os.urandom(3_000_000)
    (tmp_path / "w.bin").write_bytes(data)
    hub.python(UPLOAD, f"{USER}/bert", "w.bin", str(tmp_path / "w.bin"))
    digest = hashlib.sha256(data).hexdigest()
    assert hub.python(DOWNLOAD, f"{USER}/bert", "w.bin") == digest
    assert states(hub)["store.verify"] == "waiting"
    assert f"{USER}/bert" in httpx.get(f"{nodes['web'].url}/{USER}/bert").text

    worker.start()
    for path, roles in ROUTES.items():
        answers = {role for role, node in nodes.items() if httpx.get(node.url + path).status_code == 200}
        assert answers == roles, path
    await_state(hub, "store.verify", "done")
    with hub.client() as http:
        entry = http.get(f"/api/models/{USER}/bert/tree/main").json()[-1]
    assert entry["lfs"]["oid"] == digest
    assert hub.problems() == []
