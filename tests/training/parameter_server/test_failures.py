"""Killed, frozen and hostile peers."""

import os
import signal
import socket
import time

import numpy as np
import pytest

from commonground.errors import ParameterServerLost, ParameterServerRefused
from commonground.training.parameter_server import Options, ParameterServer, Worker
from tests.training.parameter_server.group import process, quadratic, train


def test_the_others_go_on_when_a_worker_is_killed() -> None:
    with ParameterServer(np.zeros(10), Options(workers=2)) as server:
        other = process(server, 1)
        with Worker(server.address, 0, server.token) as worker:
            worker.push_pull()
            other.kill()
            other.wait()
            started = time.monotonic()
            for _ in range(20):
                worker.push_pull()
            assert time.monotonic() - started < 3


def test_the_others_go_on_when_a_worker_freezes() -> None:
    with ParameterServer(np.zeros(10), Options(workers=2, heartbeat=1)) as server:
        other = process(server, 1)
        with Worker(server.address, 0, server.token) as worker:
            worker.push_pull()
            os.kill(other.pid, signal.SIGSTOP)
            started = time.monotonic()
            for _ in range(20):
                worker.push_pull()
            waited = time.monotonic() - started
            other.kill()
            other.wait()
        assert 0.5 < waited < 1 + 3


def test_slow_is_not_dead() -> None:
    """One worker thinks for longer than the heartbeat; neither it nor who waits for it is lost."""
    with ParameterServer(np.ones(10), Options(workers=2, heartbeat=0.8)) as server:

        def gradient(rank: int, step: int, weights: np.ndarray) -> np.ndarray:
            time.sleep(2 if rank == step == 0 else 0)
            return quadratic(rank, step, weights)

        train(server, gradient, steps=2, workers=2)
        np.testing.assert_allclose(server.weights, 0.96**2, rtol=1e-6)


def test_a_worker_may_come_back() -> None:
    with ParameterServer(np.zeros(4), Options(workers=2)) as server, Worker(server.address, 0, server.token) as worker:
        first = process(server, 1)
        worker.push_pull()
        first.kill()
        first.wait()
        worker.push_pull()
        second = process(server, 1)
        deadline = time.monotonic() + 10
        before = server.weights[0]
        while server.weights[0] == before and time.monotonic() < deadline:  # its gradient is 1, the other's 0
            worker.push_pull()
        second.kill()
        second.wait()
        assert server.weights[0] < before


@pytest.mark.parametrize("shared_memory", [True, False])
def test_a_killed_server_is_noticed_at_once(shared_memory: bool) -> None:
    with ParameterServer(np.zeros(10), shards=2) as server:
        worker = Worker(server.address, 0, server.token, shared_memory=shared_memory)
        worker.push_pull()
        server.processes[1].kill()
        server.processes[1].wait()
        started = time.monotonic()
        with pytest.raises(ParameterServerLost):
            worker.push_pull()
        assert time.monotonic() - started < 0.5  # 0.01 when nothing else runs
        worker.close()


def test_a_frozen_server_is_noticed_by_its_heartbeat() -> None:
    with ParameterServer(np.zeros(10), Options(heartbeat=0.5)) as server:
        worker = Worker(server.address, 0, server.token)
        os.kill(server.processes[0].pid, signal.SIGSTOP)
        started = time.monotonic()
        with pytest.raises(ParameterServerLost, match="no sign of life"):
            worker.push_pull()
        assert time.monotonic() - started < 2
        os.kill(server.processes[0].pid, signal.SIGCONT)
        worker.close()


def test_a_wrong_token_and_a_wrong_rank_are_refused() -> None:
    with ParameterServer(np.zeros(10), Options(workers=2)) as server:
        with pytest.raises(ParameterServerRefused, match="token"):
            Worker(server.address, 0, "guess")
        with pytest.raises(ParameterServerRefused, match="ranks are 0 to 1"):
            Worker(server.address, 2, server.token)


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 4, b"\0" * 4096, b"CGPS" * 100])
def test_strangers_do_not_disturb(noise: bytes) -> None:
    with ParameterServer(np.ones(10), Options()) as server:
        host, port = server.address.split(":")
        with socket.create_connection((host, int(port))) as stranger:
            stranger.sendall(noise)
            train(server, quadratic, steps=3)
        np.testing.assert_allclose(server.weights, 0.98**3, rtol=1e-6)


def test_shards_of_another_order_are_refused() -> None:
    with (
        ParameterServer(np.zeros(10), shards=2) as server,
        pytest.raises(ParameterServerRefused, match="in their order"),
    ):
        Worker(",".join(reversed(server.address.split(","))), 0, server.token)


def test_nobody_listens() -> None:
    with pytest.raises(ParameterServerLost, match="cannot connect"):
        Worker("127.0.0.1:1", 0, "")


def test_servers_end_with_what_started_them() -> None:
    server = ParameterServer(np.zeros(10), shards=2)
    server.close()
    assert [process.returncode for process in server.processes] == [0, 0]
