"""What a push and pull costs on this machine, measured through the parameter server itself."""

import os
import statistics
import time
from pathlib import Path

import numpy as np

from commonground.compute.planner.model import Exchange, Transport
from commonground.training.parameter_server import SGD, Options, ParameterServer, Worker

SMALL, LARGE = 1_000, 10_000_000
"""Parameters: a step of the first is latency, of the second bytes."""
STEPS = {SMALL: 200, LARGE: 25}
WARM_UP = 3


def measure_exchanges() -> dict[Transport, Exchange]:
    """Of each transport, one worker and one server; takes a few seconds. Where the system does not tell the processor
    time of another process (it is read from /proc), nothing is measured.
    """
    if not Path("/proc/self/stat").exists():
        return {}
    return {transport: _exchange(transport) for transport in ("shared-memory", "socket")}


def _exchange(transport: Transport) -> Exchange:
    latency, _, _ = _step(SMALL, transport)
    _, worker, server = _step(LARGE, transport)
    size = 4 * LARGE
    return Exchange(latency=latency, worker=worker / size, server=server / size)


def _step(parameters: int, transport: Transport) -> tuple[float, float, float]:
    """Median seconds of a step, and processor seconds of worker and server in it; the gradient is written anew each time."""
    weights, steps = np.ones(parameters, np.float32), STEPS[parameters]
    with (
        ParameterServer(weights, Options(optimizer=SGD(1e-6))) as server,
        Worker(server.address, token=server.token, shared_memory=transport == "shared-memory") as worker,
    ):
        took: list[float] = []
        own, theirs = 0.0, 0.0
        for number in range(-WARM_UP, steps):
            if number == 0:
                theirs, own, took = _processor_seconds(server.processes[0].pid), 0.0, []
            np.multiply(worker.weights, np.float32(0.1), out=worker.gradient)
            began, used = time.perf_counter(), time.process_time()
            worker.push_pull()
            took.append(time.perf_counter() - began)
            own += time.process_time() - used
        return statistics.median(took), own / steps, (_processor_seconds(server.processes[0].pid) - theirs) / steps


def _processor_seconds(pid: int) -> float:
    """User and system time of a process (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
