"""Servers of a run that must repeat bit for bit: they wait for their first weights, and end rather than go on without a worker."""

import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest

from commonground.errors import ParameterServerLost
from commonground.training.parameter_server import SGD, Options, ParameterServer, Worker
from commonground.training.parameter_server.configuration import ShardConfiguration
from commonground.training.parameter_server.server import Server
from commonground.training.parameter_server.snapshot import Snapshots
from tests.training.parameter_server.group import process, train


@pytest.fixture
def configuration() -> ShardConfiguration:
    options = Options(workers=1, optimizer=SGD(1.0))
    return ShardConfiguration(options=options, size=4, start=0, stop=4, token="t", awaits_weights=True)


def steps(worker: Worker, count: int) -> None:
    for _ in range(count):
        worker.push_pull()


def test_servers_end_rather_than_go_on_without_a_worker(capfd: pytest.CaptureFixture[str]) -> None:
    with ParameterServer(np.zeros(4), Options(workers=2, elastic=False)) as server:
        other = process(server, 1)
        worker = Worker(server.address, 0, server.token)
        worker.push_pull()
        other.kill()
        other.wait()
        with pytest.raises(ParameterServerLost):
            steps(worker, 20)
        server.processes[0].wait(10)
        assert server.processes[0].returncode != 0
    assert "a worker is missing in step" in capfd.readouterr().err


@pytest.mark.parametrize("shared_memory", [True, False])
def test_worker_0_brings_the_weights_to_begin_with(configuration: ShardConfiguration, shared_memory: bool) -> None:
    server, start = Server(configuration), np.arange(4, dtype=np.float32)
    thread = threading.Thread(target=server.run)
    thread.start()
    with Worker(server.address, 0, "t", initial=start, shared_memory=shared_memory) as worker:
        assert worker.weights.tolist() == [0, 1, 2, 3]
        worker.gradient[:] = 1
        worker.push_pull()
    with Worker(server.address, 0, "t", initial=start, shared_memory=shared_memory) as again:
        assert again.weights.tolist() == [-1, 0, 1, 2]  # brought once
        assert again.pushed == 1
    server.stop()
    thread.join(5)


def test_a_damaged_step_is_not_readable(tmp_path: Path) -> None:
    with ParameterServer(np.zeros(4), Options(snapshot_every=1), snapshots=tmp_path) as server:
        train(server, lambda *a: a[2] * 0, steps=2)
    settings = ShardConfiguration(options=Options(), size=4, start=0, stop=4, snapshots=str(tmp_path))
    assert Snapshots.of(settings).readable() == [1, 2]
    newest = max(tmp_path.glob("step-*/*"))
    newest.write_bytes(newest.read_bytes()[:-1])
    assert Snapshots.of(settings).readable() == [1]
    with_choice = msgspec.structs.replace(settings, step=1)
    assert Server(with_choice).mode.step == 1
