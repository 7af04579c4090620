"""Clocks of ranges, and what staleness does to the rate and to who may go on."""

import threading

import numpy as np
import pytest

from commonground.training.parameter_server import SGD, Options, ParameterServer, Worker
from commonground.training.parameter_server.clocks import rate_factor
from commonground.training.parameter_server.configuration import StalenessScale
from commonground.training.parameter_server.shard import Shard


@pytest.mark.parametrize(("scale", "factor"), [("none", 1), ("sqrt", 0.5), ("inverse", 0.25)])
def test_a_stale_gradient_moves_the_weights_less(scale: StalenessScale, factor: float) -> None:
    shard = Shard(np.zeros(4, np.float32), Options(workers=2, optimizer=SGD(1.0), staleness_scale=scale))
    shard.clocks.sent(1, slice(0, 1))
    for _ in range(4):
        shard.apply(0, [(0, np.zeros(4, np.float32))])
        shard.clocks.sent(0, slice(0, 1))
    shard.apply(0, [(1, np.ones(4, np.float32))])
    assert shard.weights.tolist() == [-factor] * 4


def test_a_fresh_gradient_counts_in_full() -> None:
    assert rate_factor(0, "sqrt") == rate_factor(1, "inverse") == 1


def test_each_range_has_clocks_of_its_own() -> None:
    shard = Shard(np.zeros(10, np.float32), Options(workers=2, chunk=4))
    shard.apply(4, [(0, np.ones(4, np.float32)), (1, np.ones(4, np.float32))])
    shard.apply(8, [(1, np.ones(2, np.float32))])
    assert shard.clocks.version.tolist() == [0, 1, 1]
    assert shard.clocks.pushed.tolist() == [[0, 1, 0], [0, 1, 1]]


def steps(worker: Worker, count: int) -> None:
    for _ in range(count):
        worker.push_pull()


def test_a_fast_worker_waits_for_the_slowest_at_the_bound() -> None:
    options = Options(mode="async", workers=2, staleness_bound=2, heartbeat=5)
    with ParameterServer(np.zeros(4), options) as server:
        fast, slow = (Worker(server.address, rank, server.token, shared_memory=False) for rank in (0, 1))
        with fast, slow:
            thread = threading.Thread(target=steps, args=[fast, 5], daemon=True)
            thread.start()
            thread.join(0.5)
            assert fast.step == 3
            slow.push_pull()
            slow.push_pull()
            thread.join(5)
            assert fast.step == 5


def test_who_leaves_holds_nobody_back() -> None:
    options = Options(mode="async", workers=2, staleness_bound=1)
    with ParameterServer(np.zeros(4), options) as server, Worker(server.address, 0, server.token) as fast:
        Worker(server.address, 1, server.token).close()
        for _ in range(5):
            fast.push_pull()
        assert fast.step == 5


def asynchronous_descent(scale: StalenessScale, workers: int = 8, rate: float = 0.4, steps: int = 400) -> float:
    """Where w ends under loss w^2/2 when the workers push in turn, each from the weights it saw a whole round before."""
    shard = Shard(np.ones(1, np.float32), Options(workers=workers, optimizer=SGD(rate), staleness_scale=scale))
    seen = [shard.weights.copy() for _ in range(workers)]
    for step in range(steps):
        rank = step % workers
        shard.apply(0, [(rank, seen[rank])])
        shard.clocks.sent(rank, slice(0, 1))
        seen[rank] = shard.weights.copy()
    return float(abs(shard.weights[0]))


def test_a_rate_too_high_for_its_staleness_is_rescued_by_scaling() -> None:
    """A delay of 7 is stable below 2 sin(pi / 30) = .21: .4 is not, .4 / sqrt(7) = .15 is."""
    assert asynchronous_descent("none") > 1e3
    assert asynchronous_descent("sqrt") < 1e-3
    assert asynchronous_descent("inverse") < 1e-3
