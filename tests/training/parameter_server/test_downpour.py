"""Local steps between exchanges."""

import numpy as np
import pytest

from commonground.training.parameter_server import SGD, Downpour, Options, ParameterServer, Worker
from tests.training.parameter_server.group import quadratic

START = np.arange(1, 11, dtype=np.float32)


@pytest.mark.parametrize(("n_push", "n_fetch"), [(1, 1), (5, 5), (2, 10)])
@pytest.mark.parametrize("shared_memory", [True, False])
def test_one_worker_alone_follows_sgd_however_rarely_it_exchanges(
    n_push: int, n_fetch: int, shared_memory: bool
) -> None:
    options = Options(mode="async", optimizer=SGD(0.1))
    with (
        ParameterServer(START, options) as server,
        Worker(server.address, token=server.token, shared_memory=shared_memory) as worker,
    ):
        replica = Downpour(worker, 0.1, n_push=n_push, n_fetch=n_fetch)
        for step in range(10):
            replica.step(quadratic(0, step, replica.parameters))
        np.testing.assert_allclose(replica.parameters, START * 0.98**10, rtol=1e-5)
        np.testing.assert_allclose(server.weights, START * 0.98**10, rtol=1e-5)


def test_between_fetches_a_worker_does_not_see_the_others() -> None:
    options = Options(mode="async", workers=2, optimizer=SGD(1.0))
    with (
        ParameterServer(np.zeros(4), options) as server,
        Worker(server.address, 0, server.token) as worker,
        Worker(server.address, 1, server.token) as other,
    ):
        replica = Downpour(worker, 1.0, n_push=1, n_fetch=2)
        other.gradient[:] = 10
        other.push()
        one = np.ones(4, np.float32)
        replica.step(one)
        assert replica.parameters.tolist() == [-1] * 4
        replica.step(one)
        assert replica.parameters.tolist() == [-12] * 4
