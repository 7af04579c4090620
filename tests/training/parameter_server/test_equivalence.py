"""Training with servers is the training it stands for, to the last bit where it can be."""

import numpy as np
import pytest

from commonground.training.parameter_server import SGD, Adam, Momentum, Options, ParameterServer, Worker
from commonground.training.parameter_server.arrays import Floats
from commonground.training.parameter_server.configuration import CodecName
from tests.training.parameter_server.group import quadratic, train

random = np.random.default_rng(7)
FEATURES = random.normal(size=(256, 30)).astype(np.float32)
TARGETS = FEATURES @ random.normal(size=30).astype(np.float32)


def least_squares(rows: slice, weights: Floats) -> Floats:
    """The gradient of the mean squared error over some rows."""
    x, y = FEATURES[rows], TARGETS[rows]
    return np.asarray(2 * x.T @ (x @ weights - y) / len(x), np.float32)


@pytest.mark.parametrize("shared_memory", [True, False])
@pytest.mark.parametrize(("workers", "share"), [(1, 0.817), (2, 0.665), (4, 0.434)])
def test_the_first_example_is_its_closed_form(workers: int, share: float, shared_memory: bool) -> None:
    """w of shape [10], loss mean(w^2), learning rate 0.1, ten steps: w (1 - 0.02 N)^10."""
    start = np.arange(1, 11, dtype=np.float32)
    with ParameterServer(start, Options(workers=workers, optimizer=SGD(0.1))) as server:
        train(server, quadratic, steps=10, workers=workers, shared_memory=shared_memory)
        np.testing.assert_allclose(server.weights, start * (1 - 0.02 * workers) ** 10, rtol=1e-6)
        assert server.weights[0] == pytest.approx(share, abs=5e-4)


def test_n_workers_with_batch_b_are_one_with_n_times_b() -> None:
    """Under ``mean``, N = 4, b = 16."""
    options = Options(workers=4, aggregate="mean", optimizer=Momentum(0.02), chunk=7)
    with ParameterServer(np.zeros(30), options, shards=2) as server:
        ends = train(server, lambda r, _, w: least_squares(slice(16 * r, 16 * r + 16), w), steps=20, workers=4)
    with ParameterServer(np.zeros(30), Options(optimizer=Momentum(0.02))) as server:
        [alone] = train(server, lambda *a: least_squares(slice(0, 64), a[2]), steps=20)
    for end in ends:
        np.testing.assert_allclose(end, alone, rtol=1e-4, atol=1e-5)
        assert np.array_equal(end, ends[0])


def test_asynchronous_with_one_worker_is_sgd() -> None:
    with ParameterServer(np.zeros(30), Options(mode="async", optimizer=SGD(0.02), chunk=8)) as server:
        [end] = train(server, lambda *a: least_squares(slice(0, 64), a[2]), steps=30)
    weights = np.zeros(30, np.float32)
    for _ in range(30):
        weights = weights - np.float32(0.02) * least_squares(slice(0, 64), weights)
    assert np.array_equal(end, weights)


def test_every_transport_and_number_of_shards_gives_the_same_bits() -> None:
    ends = []
    for shards, shared_memory in [(1, True), (1, False), (3, True), (3, False)]:
        options = Options(workers=3, optimizer=Adam(0.05), chunk=4)
        with ParameterServer(np.zeros(30), options, shards=shards) as server:
            ends += train(
                server,
                lambda r, _, w: least_squares(slice(20 * r, 20 * r + 20), w),
                steps=10,
                workers=3,
                shared_memory=shared_memory,
            )
    assert all(np.array_equal(end, ends[0]) for end in ends)


@pytest.mark.parametrize(("codec", "tolerance"), [("bf16", 0.01), ("int8", 0.01), ("top-k", 0.05)])
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_compressed_run_ends_where_the_plain_one_does(codec: CodecName, tolerance: float, mode: str) -> None:
    options = Options(mode=mode, codec=codec, top_k=0.2, chunk=16, optimizer=SGD(0.2))  # type: ignore[arg-type]
    with ParameterServer(np.zeros(30), options) as server:
        [end] = train(server, lambda *a: least_squares(slice(0, 256), a[2]), steps=150)
    solution = np.linalg.lstsq(FEATURES, TARGETS, rcond=None)[0]
    np.testing.assert_allclose(end, solution, atol=tolerance)


def test_push_and_pull_are_two_halves_in_asynchronous_mode() -> None:
    options = Options(mode="async", optimizer=SGD(1.0))
    with (
        ParameterServer(np.zeros(4), options) as server,
        Worker(server.address, token=server.token, shared_memory=False) as worker,
    ):
        worker.gradient[:] = 1
        worker.push()
        assert worker.weights.tolist() == [0] * 4
        worker.pull()
        assert worker.weights.tolist() == [-1] * 4
