"""One server for the tests of the protocol, and a caller that speaks it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.gateways.git.conftest import repository
from tests.gateways.git.server import Hub, running

__all__ = ["hub", "repository"]

API = "/api/2.0/mlflow"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"


class Client:
    """``ask("POST runs/create", ...)``: the JSON of the answer, whatever its status."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def send(self, route: str, **values: Any) -> httpx.Response:
        """The answer."""
        method, _, path = route.partition(" ")
        if method == "GET":
            return self.http.get(f"{API}/{path}", params=values)
        return self.http.request(method, f"{API}/{path}", json=values)

    def ask(self, route: str, **values: Any) -> Any:
        """The JSON of a success."""
        answer = self.send(route, **values)
        assert answer.is_success, answer.text
        return answer.json()

    def refused(self, route: str, **values: Any) -> str:
        """The code of a refusal."""
        answer = self.send(route, **values)
        assert 400 <= answer.status_code < 500, answer.text
        assert isinstance(answer.json()["message"], str)
        return str(answer.json()["error_code"])

    def begin(self, experiment: str = "0", **values: Any) -> str:
        """A new run; its id."""
        made = self.ask("POST runs/create", experiment_id=experiment, **values)
        return str(made["run"]["info"]["run_id"])

    def put(self, place: str, content: bytes) -> httpx.Response:
        """Write an artifact."""
        return self.http.put(f"{ARTIFACTS}/{place}", content=content)

    def get(self, place: str, **headers: str) -> httpx.Response:
        """Read an artifact."""
        return self.http.get(f"{ARTIFACTS}/{place}", headers=headers)

    def listed(self, place: str) -> dict[str, Any]:
        """The names in a folder, with their sizes; ``None`` for folders."""
        found = self.http.get(ARTIFACTS, params={"path": place}).json()["files"]
        return {one["path"]: one.get("file_size") for one in found}


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with running(tmp_path_factory.mktemp("mlflow"), runs_by="users") as started:
        yield started


@pytest.fixture
def ada(hub: Hub) -> Iterator[Client]:
    with hub.client("ada") as http:
        yield Client(http)


@pytest.fixture
def eve(hub: Hub) -> Iterator[Client]:
    with hub.client("eve") as http:
        yield Client(http)


@pytest.fixture
def nobody(hub: Hub) -> Iterator[Client]:
    with hub.client(None) as http:
        yield Client(http)
