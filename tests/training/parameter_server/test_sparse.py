"""Tables: rows by key, each update where its keys are."""

import threading
import time
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.errors import BadRequest, InvalidFrame, ParameterServerRefused
from commonground.training.parameter_server import SGD, Adagrad, Options, ParameterServer, SparseWorker, Worker
from commonground.training.parameter_server.frame import Frame, Kind
from commonground.training.parameter_server.shard import Shard
from commonground.training.parameter_server.sparse import DIGEST, WITH_GRADIENTS, WITH_KEYS, SparseTable, digest

TABLE = np.arange(60, dtype=np.float32).reshape(20, 3)


def table(**changes: object) -> Options:
    return Options(mode="async", dimension=3, optimizer=SGD(1.0), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("shards", [1, 3])
def test_rows_come_in_the_order_they_were_asked_for(shards: int) -> None:
    with (
        ParameterServer(TABLE, table(), shards=shards) as server,
        SparseWorker(server.address, token=server.token) as worker,
    ):
        for keys in ([7, 0, 19, 7], [7, 0, 19, 7], [], range(20)):
            assert np.array_equal(worker.pull(keys), TABLE[list(keys)])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(0, 19), max_size=30), max_size=4))
def test_updates_are_those_of_a_dense_table(batches: list[list[int]]) -> None:
    shard = Shard(TABLE.reshape(-1).copy(), Options(mode="async", dimension=3, chunk=6, optimizer=Adagrad(0.5)))
    sparse, dense, squares = SparseTable(shard, lambda step: None), TABLE.copy(), np.zeros_like(TABLE)
    for batch in batches:
        keys = np.unique(np.array(batch, np.int64))
        if not len(keys):
            continue
        gradient = np.ones((len(keys), 3), np.float32) * (keys[:, None] + 1)
        sparse.apply(0, keys, gradient)
        squares[keys] += gradient**2
        dense[keys] -= 0.5 * gradient / (np.sqrt(squares[keys]) + 1e-10)
    np.testing.assert_allclose(sparse.rows, dense, rtol=1e-5, atol=1e-5)


def test_gradients_of_one_key_are_added() -> None:
    with (
        ParameterServer(np.zeros((20, 3)), table(), shards=2) as server,
        SparseWorker(server.address, token=server.token) as worker,
    ):
        rows = worker.push_pull([5, 15, 5], np.array([[1] * 3, [2] * 3, [4] * 3], np.float32))
        assert rows.tolist() == [[-5] * 3, [-2] * 3, [-5] * 3]
        assert server.weights.sum() == -21


def test_many_workers_lose_no_update() -> None:
    with ParameterServer(np.zeros((20, 3)), table(workers=4), shards=2) as server:

        def work(rank: int) -> None:
            with SparseWorker(server.address, rank, server.token) as worker:
                for step in range(50):
                    worker.push_pull([step % 20, 3], -np.ones((2, 3), np.float32))

        threads = [threading.Thread(target=work, args=[rank]) for rank in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.weights.sum() == 4 * 50 * 2 * 3


def request(keys: list[int], flags: int, name: bytes | None = None) -> tuple[Frame, bytes]:
    array = np.array(keys, np.int64)
    payload = (name or digest(array)) + (array.tobytes() if flags & WITH_KEYS else b"")
    payload += bytes(12 * len(keys)) if flags & WITH_GRADIENTS else b""
    return Frame(Kind.ROWS, flags, count=len(keys), size=len(payload)), payload


@pytest.fixture
def server_side() -> SparseTable:
    return SparseTable(Shard(TABLE.reshape(-1).copy(), table()), lambda step: None)


def test_a_known_key_list_travels_as_its_checksum(server_side: SparseTable) -> None:

    known: OrderedDict[bytes, np.ndarray] = OrderedDict()
    assert server_side._request(*request([1, 2], 0), known) is None
    first = server_side._request(*request([1, 2], WITH_KEYS), known)
    again = server_side._request(*request([1, 2], WITH_GRADIENTS), known)
    assert first
    assert again
    assert first.keys.tolist() == again.keys.tolist() == [1, 2]


@pytest.mark.parametrize("keys", [[2, 1], [1, 1], [-1, 2], [1, 20]])
def test_keys_that_are_no_rows_are_refused(server_side: SparseTable, keys: list[int]) -> None:

    with pytest.raises(InvalidFrame):
        server_side._request(*request(keys, WITH_KEYS), OrderedDict())


def test_a_key_list_under_another_checksum_is_refused(server_side: SparseTable) -> None:

    with pytest.raises(InvalidFrame):
        server_side._request(*request([1], WITH_KEYS, bytes(DIGEST)), OrderedDict())


def test_a_key_outside_the_table_is_said_before_anything_is_sent() -> None:
    with ParameterServer(TABLE, table()) as server, SparseWorker(server.address, token=server.token) as worker:
        with pytest.raises(BadRequest, match="0 to 19"):
            worker.pull([20])
        with pytest.raises(BadRequest):
            worker.pull([-1])


def test_a_worker_of_vectors_is_told_that_this_is_a_table() -> None:
    with ParameterServer(TABLE, table()) as server, pytest.raises(ParameterServerRefused, match="SparseWorker"):
        Worker(server.address, token=server.token)


def test_a_table_continues_from_its_snapshot(tmp_path: Path) -> None:
    options = table(snapshot_every=2)
    for expected in ([0] * 3, [-2] * 3):
        with (
            ParameterServer(np.zeros((20, 3)), options, snapshots=tmp_path) as server,
            SparseWorker(server.address, token=server.token) as worker,
        ):
            assert worker.pull([4]).tolist() == [expected]
            for _ in range(3):
                worker.push_pull([4], np.ones((1, 3), np.float32))


def test_thinking_long_is_no_reason_to_be_dropped() -> None:
    with (
        ParameterServer(TABLE, table(heartbeat=0.6)) as server,
        SparseWorker(server.address, token=server.token) as worker,
    ):
        worker.pull([1])
        time.sleep(1.5)
        assert worker.pull([1]).tolist() == [[3, 4, 5]]
