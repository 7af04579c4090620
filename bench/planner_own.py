"""How far the planner is off the project's own parameter server, on this machine while it is as busy as it is."""

import multiprocessing
import statistics
import time
from multiprocessing.synchronize import Barrier
from typing import Any, NamedTuple

import numpy as np

from bench import memory
from bench.report import Row, row
from commonground.compute.planner.calibration import calibrate
from commonground.compute.planner.learning import learn
from commonground.compute.planner.model import Profile, Transport, Workload
from commonground.compute.planner.predict import predict
from commonground.training.calibration import measure_exchanges
from commonground.training.parameter_server import SGD, Options, ParameterServer, Worker

PARAMETERS = 10_000_000
WARM_UP, STEPS = 5, 25
SPAWN = multiprocessing.get_context("spawn")


class Configuration(NamedTuple):
    """A run of the parameter server."""

    workers: int
    servers: int
    transport: Transport
    parameters: int = PARAMETERS


class Seconds(NamedTuple):
    """Medians of the slowest worker."""

    gradient: float
    step: float


LEARNT = [Configuration(1, 1, "shared-memory"), Configuration(1, 1, "socket")]
PREDICTED = [
    Configuration(2, 1, "shared-memory"),
    Configuration(2, 2, "shared-memory"),
    Configuration(2, 1, "socket"),
    Configuration(2, 2, "socket"),
]
UNSEEN = [
    Configuration(2, 2, "shared-memory", 4_000_000),
    Configuration(2, 1, "socket", 4_000_000),
    Configuration(2, 2, "socket", 20_000_000),
    Configuration(3, 1, "shared-memory"),
    Configuration(3, 1, "socket"),
    Configuration(3, 3, "socket"),
]
"""What no constant of the planner was chosen with."""
TIMES = 3


def own() -> list[Row]:
    """Calibrate, learn from runs of one worker, which also say how long a gradient takes, predict two workers."""
    profile, gradients = calibrate(exchanges=measure_exchanges), dict[Transport, float]()
    for configuration in LEARNT:
        measured = _median(configuration)
        gradients[configuration.transport] = measured.gradient
        profile = learn(profile, _workload(configuration, measured.gradient), measured.step)
    return [
        _errors("planner_own_mape", PREDICTED, profile, gradients),
        _errors("planner_unseen_mape", UNSEEN, profile, gradients),
    ]


def _errors(name: str, configurations: list[Configuration], profile: Profile, gradients: dict[Transport, float]) -> Row:
    errors = {
        f"n{one.workers}_s{one.servers}_{one.transport}_{one.parameters // 10**6}m": _error(profile, one, gradients)
        for one in configurations
    }
    return row(name, [statistics.mean(map(abs, errors.values()))], "%", "lower", errors)


def _error(profile: Profile, configuration: Configuration, gradients: dict[Transport, float]) -> float:
    gradient = gradients[configuration.transport] * configuration.parameters / PARAMETERS
    predicted = predict(profile, _workload(configuration, gradient)).step
    return (predicted / _median(configuration).step - 1) * 100


def _workload(configuration: Configuration, gradient: float) -> Workload:
    return Workload(
        kind="ps-sync",
        parameters=configuration.parameters,
        fixed=gradient,
        workers=configuration.workers,
        servers=configuration.servers,
        transport=configuration.transport,
    )


def _median(configuration: Configuration) -> Seconds:
    """Of several runs."""
    runs = [_measured(configuration) for _ in range(TIMES)]
    return Seconds(statistics.median(run.gradient for run in runs), statistics.median(run.step for run in runs))


def _measured(configuration: Configuration) -> Seconds:
    memory.ready()
    workers, shared = configuration.workers, configuration.transport == "shared-memory"
    start, seconds = SPAWN.Barrier(workers), SPAWN.SimpleQueue()
    with ParameterServer(
        np.ones(configuration.parameters, np.float32),
        Options(workers=workers, optimizer=SGD(0.1)),
        shards=configuration.servers,
    ) as server:
        running = [
            SPAWN.Process(target=_work, args=(rank, start, seconds, server.address, server.token, shared))
            for rank in range(workers)
        ]
        for process in running:
            process.start()
        found = [Seconds(*seconds.get()) for _ in running]
        for process in running:
            process.join()
    return Seconds(max(one.gradient for one in found), max(one.step for one in found))


def _work(rank: int, start: Barrier, seconds: Any, address: str, token: str, shared: bool) -> None:
    gradients, steps = [], []
    with Worker(address, rank, token, shared_memory=shared) as worker:
        for number in range(WARM_UP + STEPS):
            if number == WARM_UP:
                start.wait()
            began = time.perf_counter()
            np.multiply(worker.weights, np.float32(0.1), out=worker.gradient)
            computed = time.perf_counter()
            worker.push_pull()
            gradients.append(computed - began)
            steps.append(time.perf_counter() - began)
    seconds.put((statistics.median(gradients[WARM_UP:]), statistics.median(steps[WARM_UP:])))
