"""How far the planner is off the project's own parameter server, on this machine while it is as busy as it is."""

import statistics
import time
from typing import NamedTuple

import numpy as np

from bench.report import Row, row
from commonground.compute.planner.calibration import calibrate
from commonground.compute.planner.learning import learn
from commonground.compute.planner.model import Profile, Transport, Workload
from commonground.compute.planner.predict import predict
from commonground.training.calibration import measure_exchanges

PARAMETERS = 10_000_000


class Configuration(NamedTuple):
    """A run of the parameter server."""

    workers: int
    servers: int
    transport: Transport


LEARNT = [Configuration(1, 1, "shared-memory"), Configuration(1, 1, "socket")] * 2
PREDICTED = [
    Configuration(2, 1, "shared-memory"),
    Configuration(2, 2, "shared-memory"),
    Configuration(2, 1, "socket"),
    Configuration(2, 2, "socket"),
]


def own() -> list[Row]:
    """Calibrate, learn from one worker, predict two."""
    profile, computation = calibrate(exchanges=measure_exchanges), _computation()
    for configuration in LEARNT:
        profile = learn(profile, _workload(configuration, computation), _measured(configuration))
    errors = {f"n{one.workers}_s{one.servers}_{one.transport}": _error(profile, one, computation) for one in PREDICTED}
    return [row("planner_own_mape", [statistics.mean(map(abs, errors.values()))], "%", "lower", errors)]


def _error(profile: Profile, configuration: Configuration, computation: float) -> float:
    predicted = predict(profile, _workload(configuration, computation)).step
    return (predicted / _measured(configuration) - 1) * 100


def _workload(configuration: Configuration, computation: float) -> Workload:
    return Workload(
        kind="ps-sync",
        parameters=PARAMETERS,
        fixed=computation,
        workers=configuration.workers,
        servers=configuration.servers,
        transport=configuration.transport,
    )


def _measured(configuration: Configuration) -> float:
    """Seconds of a step."""
    from bench.compute import _served

    return 1 / _served(configuration.workers, configuration.servers, shared=configuration.transport == "shared-memory")


def _computation() -> float:
    """Seconds a worker of the benchmark needs for its gradient: one pass over the weights."""
    weights, gradient = np.ones(PARAMETERS, np.float32), np.empty(PARAMETERS, np.float32)
    runs = []
    for _ in range(20):
        start = time.perf_counter()
        np.multiply(weights, np.float32(0.1), out=gradient)
        runs.append(time.perf_counter() - start)
    return statistics.median(runs)
