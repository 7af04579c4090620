"""Asynchronous training on one to four workers: gradients a second, beside what the planner says of the same."""

import multiprocessing
import os
import time
from multiprocessing.synchronize import Barrier
from typing import Any

import numpy as np

from bench.report import Row, row
from commonground.compute.planner.calibration import calibrate
from commonground.compute.planner.model import Profile, Workload
from commonground.compute.planner.predict import predict
from commonground.training.calibration import measure_exchanges
from commonground.training.parameter_server import SGD, Options, ParameterServer, Worker

PARAMETERS = 1_000_000
SIDE, PRODUCTS = 128, 40
"""A gradient is so many products of square matrices that stay in cache, and one pass over the weights."""
SECONDS = 3.0
WORKERS = (1, 2, 3, 4)
SPAWN = multiprocessing.get_context("spawn")


def downpour() -> list[Row]:
    """One row a number of workers: the speed-up over one, the planner's beside it."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # of the workers: a process is a processor
    profile, computation = calibrate(exchanges=measure_exchanges), _seconds_of_a_gradient()
    planned = {workers: _planned(profile, computation, workers) for workers in WORKERS}
    rounds = [{workers: _measured(workers) for workers in WORKERS} for _ in range(3)]
    return [
        row(
            f"async_speedup_n{workers}",
            [one[workers] / one[1] for one in rounds],
            "ratio",
            "higher",
            {
                "planner": planned[workers] / planned[1],
                "gradients_per_second": sorted(one[workers] for one in rounds)[1],
                "planned_per_second": planned[workers],
            },
        )
        for workers in WORKERS
    ]


def _planned(profile: Profile, computation: float, workers: int) -> float:
    workload = Workload(kind="ps-async", parameters=PARAMETERS, fixed=computation, batch=1, workers=workers)
    return predict(profile, workload).throughput


def _measured(workers: int) -> float:
    """Gradients a second of all workers."""
    start, counts = SPAWN.Barrier(workers), SPAWN.SimpleQueue()
    with ParameterServer(
        np.ones(PARAMETERS, np.float32), Options(mode="async", workers=workers, optimizer=SGD(1e-6))
    ) as server:
        running = [
            SPAWN.Process(target=_work, args=(rank, start, counts, server.address, server.token))
            for rank in range(workers)
        ]
        for process in running:
            process.start()
        found = sum(counts.get() for _ in running)
        for process in running:
            process.join()
    return float(found)


def _work(rank: int, start: Barrier, counts: Any, address: str, token: str) -> None:
    with Worker(address, rank, token) as worker:
        _gradient(worker.weights, worker.gradient)
        worker.push_pull()
        start.wait()
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < SECONDS:
            _gradient(worker.weights, worker.gradient)
            worker.push_pull()
            count += 1
        counts.put(count / (time.perf_counter() - began))


def _gradient(weights: np.ndarray, out: np.ndarray) -> None:
    left = weights[: SIDE * SIDE].reshape(SIDE, SIDE)
    for _ in range(PRODUCTS):
        np.matmul(left, left)
    np.multiply(weights, np.float32(0.1), out=out)


def _alone(seconds: Any) -> None:
    """Median seconds of a gradient without a server."""
    weights, out = np.ones(PARAMETERS, np.float32), np.empty(PARAMETERS, np.float32)
    took = []
    for _ in range(50):
        began = time.perf_counter()
        _gradient(weights, out)
        took.append(time.perf_counter() - began)
    seconds.put(sorted(took)[25])


def _seconds_of_a_gradient() -> float:
    seconds = SPAWN.SimpleQueue()
    process = SPAWN.Process(target=_alone, args=[seconds])
    process.start()
    found = seconds.get()
    process.join()
    return float(found)
