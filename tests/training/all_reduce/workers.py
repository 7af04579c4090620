"""Workers of all-reduce as threads of this process, and something to train."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from commonground.training.adapters.numpy import NumpyProgram
from commonground.training.all_reduce.checkpoint import Checkpoints
from commonground.training.all_reduce.options import Options, Plan
from commonground.training.all_reduce.trainer import Trainer
from commonground.training.parameter_server.arrays import Floats
from commonground.training.parameter_server.optimizer import SGD

SIZE = 5


class Exchange:
    """What the workers share: each puts something there, all read it."""

    def __init__(self, workers: int) -> None:
        self.values: list[Any] = [None] * workers
        self.barrier = threading.Barrier(workers, timeout=20)


class ThreadGroup:
    """One worker's side of an exchange, with the methods of a group of processes."""

    def __init__(self, exchange: Exchange, rank: int) -> None:
        self.rank, self.workers, self._exchange = rank, len(exchange.values), exchange

    def _all(self, value: Any) -> list[Any]:
        self._exchange.values[self.rank] = value
        self._exchange.barrier.wait()
        found = list(self._exchange.values)
        self._exchange.barrier.wait()
        return found

    def add(self, values: Floats) -> None:
        values[...] = np.sum(self._all(values.copy()), axis=0, dtype=np.float32)

    def spread(self, values: Floats) -> None:
        values[...] = self._all(values.copy())[0]

    def least(self, value: int) -> int:
        return int(min(self._all(value)))

    def wait(self) -> None:
        self._all(None)


class Killed(Exception):
    """The process is gone."""


def program(rows: int = 23, dies_after: int | None = None) -> NumpyProgram:
    """Linear regression; it dies when so many gradients were computed."""
    random = np.random.default_rng(1)
    data = {"x": random.normal(size=(rows, SIZE)), "y": random.normal(size=rows)}
    computed = 0

    def gradient(arrays: Any, batch: Any) -> tuple[float, dict[str, Any]]:
        nonlocal computed
        if computed == dies_after:
            raise Killed
        computed += 1
        error = batch["x"] @ arrays["w"] - batch["y"]
        return float((error**2).mean()), {"w": 2 * batch["x"].T @ error / len(error)}

    return NumpyProgram({"w": np.arange(SIZE)}, gradient, data if rows else None)


def plan(optimizer: Any = None, **options: Any) -> Plan:
    return Plan(options=Options(**options), optimizer=optimizer or SGD(0.05), seed=3)


def trained(
    told: Plan, workers: int, folder: Path | None = None, make: Callable[[], Any] = program, made_by: object = None
) -> Floats:
    """The parameters all workers come to, the same in all."""
    exchange = Exchange(workers)

    def work(rank: int) -> Floats:
        made = make()
        try:
            group: Any = ThreadGroup(exchange, rank)
            Trainer(made, group, told, Checkpoints(folder, rank, made_by)).run()
        except BaseException:
            exchange.barrier.abort()
            raise
        return np.asarray(made.parameters)

    with ThreadPoolExecutor(workers) as pool:
        found = [pool.submit(work, rank) for rank in range(workers)]
        errors = [error for error in (future.exception() for future in found) if error]
        real = [error for error in errors if not isinstance(error, threading.BrokenBarrierError)]
        if errors:
            raise (real or errors)[0]
        first, *others = [future.result() for future in found]
    for other in others:
        assert first.tobytes() == other.tobytes()
    return first
