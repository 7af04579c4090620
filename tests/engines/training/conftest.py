"""A hub whose worker has the engines of the group, and programs to train there."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bench.server import TOKEN, USER, Server

from commonground.gateways.native.wire_runs import Run
from commonground.sdk.hub import Hub
from tests.engines.conftest import HOME

Train = Callable[..., Run]


class TrainingServer(Server):
    """A server that runs what its user submits, with the group's Python."""

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"CG_RUNS_BY": "users"}


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with TrainingServer(python=str(HOME / "venv" / "bin" / "python")) as running:
        yield running


@pytest.fixture(scope="session")
def hub(server: Server) -> Iterator[Hub]:
    with Hub(server.url, TOKEN) as client:
        yield client


@pytest.fixture
def train(hub: Hub, request: pytest.FixtureRequest) -> Train:
    """``train(code, **specification)``: a finished run of the module ``train``, its output the model ``run.outputs[0]``."""
    name = request.node.name.replace("[", "-").replace("]", "")[:60]

    def run(code: str, **specification: Any) -> Run:
        repository = f"{USER}/{name}-{len(list(hub.list_runs()))}"
        hub.create_repository(repository)
        hub.create_repository(f"{repository}-code")
        hub.upload_file(f"{repository}-code/train.py", code.encode())
        document = {
            "name": "test",
            "inputs": {"code": f"hub://{repository}-code"},
            "outputs": {"model": f"hub://{repository}"},
            "fault": {"max_restarts": 0, "timeout": "200s"},
            "seed": 3,
        }
        return finished(hub, hub.submit_run({**document, **specification}).id)

    return run


def finished(hub: Hub, run: int) -> Run:
    """The run when it has ended."""
    log = "".join(block.text for block in hub.list_run_logs(run))
    found = hub.get_run(run)
    assert found.state == "succeeded", f"{found.error}\n{log[-6000:]}"
    return found
