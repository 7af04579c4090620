"""Data servers in processes of their own: ahead of the workers, and replaceable in the middle of an epoch."""

import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection as Pipe
from typing import Any

import numpy as np
import pytest

from commonground.errors import InvalidFrame, ParameterServerLost, ParameterServerRefused
from commonground.training.data_server import DataServer, Leases, RemoteSource
from commonground.training.program import Batch, Indices
from commonground.training.sampler import Sampler

SPAWN = multiprocessing.get_context("spawn")
ROWS = 200


class Squares:
    """Rows that are easy to know again; reading takes ``seconds``."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def __len__(self) -> int:
        return ROWS

    def read(self, rows: Indices) -> Batch:
        time.sleep(self.seconds)
        return {"number": rows, "square": rows**2}


class Damaged(Squares):
    def read(self, rows: Indices) -> Batch:
        raise ValueError("row 3 is damaged")


def serve(pipe: Pipe) -> None:
    with DataServer(Squares(0.002), "token") as server:
        pipe.send(server.address)
        time.sleep(600)


class House:
    """Two data servers that can be killed and started anew, at another address."""

    def __init__(self) -> None:
        self.processes: list[Any] = [None, None]
        self.addresses = ["", ""]
        for number in range(2):
            self.start(number)

    def start(self, number: int) -> None:
        ours, theirs = SPAWN.Pipe()
        self.processes[number] = SPAWN.Process(target=serve, args=[theirs], daemon=True)
        self.processes[number].start()
        self.addresses[number] = ours.recv()

    def kill(self, number: int) -> None:
        self.processes[number].kill()
        self.processes[number].join()


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    found = House()
    yield found
    for number in range(2):
        found.kill(number)


def source(house: House, **changes: Any) -> RemoteSource:
    return RemoteSource(lambda number: house.addresses[number], 2, "token", **changes)


def test_a_killed_data_server_loses_and_repeats_no_row_of_the_epoch(house: House) -> None:
    sampler = Sampler(rows=ROWS, batch=5, seed=1)
    seen: list[int] = []
    with source(house) as rows:
        assert len(rows) == ROWS
        rows.expect(sampler.part(step, 0) for step in range(sampler.steps))
        for step in range(sampler.steps):
            if step == 7:
                house.kill(0)
            if step == 20:
                house.start(0)
            if step == 25:
                house.kill(1)
            batch = rows.read(sampler.part(step, 0))
            assert (batch["square"] == batch["number"] ** 2).all()
            assert (batch["number"] == sampler.part(step, 0)).all()
            seen.extend(batch["number"].tolist())
    assert sorted(seen) == list(range(ROWS))
    house.start(1)


def test_what_is_expected_is_read_ahead(house: House) -> None:
    parts = [np.arange(at, at + 5) for at in range(0, ROWS, 5)]
    with source(house, prefetch=8) as rows:
        rows.expect(iter(parts))
        rows.read(parts[0])
        time.sleep(0.2)
        began = time.perf_counter()
        for part in parts[1:8]:
            rows.read(part)
        assert time.perf_counter() - began < 7 * 0.002


def test_another_order_than_expected_is_answered_too(house: House) -> None:
    with source(house) as rows:
        rows.expect(iter([np.array([1]), np.array([2]), np.array([3])]))
        assert rows.read(np.array([3, 4]))["number"].tolist() == [3, 4]
        assert rows.read(np.array([2]))["number"].tolist() == [2]
        assert rows.read(np.array([], np.int64))["number"].tolist() == []


def test_without_the_token_nothing_is_read(house: House) -> None:
    with pytest.raises(ParameterServerRefused):
        RemoteSource(lambda number: house.addresses[number], 2, "guess")


def test_rows_that_do_not_exist_are_refused(house: House) -> None:
    with source(house) as rows, pytest.raises(InvalidFrame, match="rows 0 to 199"):
        rows.read(np.array([ROWS]))


def test_what_the_source_cannot_read_is_told() -> None:
    with (
        DataServer(Damaged(), "token") as server,
        RemoteSource(lambda _: server.address, 1, "token") as rows,
        pytest.raises(ParameterServerRefused, match="row 3 is damaged"),
    ):
        rows.read(np.array([3]))


def test_nobody_answering_is_said_in_time() -> None:
    with pytest.raises(ParameterServerLost, match="no data server answers"):
        RemoteSource(lambda _: "127.0.0.1:1", 1, "token", patience=0.1)


def test_leases_of_a_lost_worker_go_to_another() -> None:
    with DataServer(Squares(), "token", leases=Leases(ROWS, 50, 1, seed=0)) as server:
        seen: list[int] = []
        with RemoteSource(lambda _: server.address, 1, "token", rank=1) as lost:
            assert lost.lease() is not None
        with RemoteSource(lambda _: server.address, 1, "token", rank=0) as rows:
            while (lease := rows.lease()) is not None:
                seen.extend(rows.read(np.array(lease.rows))["number"].tolist())
                time.sleep(0.05)  # the server hears of the lost one
        assert sorted(seen) == list(range(ROWS))
