"""Workers of a test: threads or processes, each with a Worker of its own."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from commonground.training.parameter_server import ParameterServer, Worker
from commonground.training.parameter_server.arrays import Floats

Gradient = Callable[[int, int, Floats], Floats]
"""(rank, step, weights) to gradient"""

LOOP = """
import sys
from commonground.training.parameter_server import Worker
address, token, rank = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Worker(address, rank, token, shared_memory=False) as worker:
    while True:
        worker.gradient[:] = 1
        worker.push_pull()
        print(worker.step, flush=True)
"""


def train(
    server: ParameterServer, gradient: Gradient, *, steps: int, workers: int = 1, shared_memory: bool = False
) -> list[Floats]:
    """Let all workers do ``steps`` steps; answers the weights each ended with."""
    results: dict[int, Floats] = {}

    def work(rank: int) -> None:
        with Worker(server.address, rank, server.token, shared_memory=shared_memory) as worker:
            for _ in range(steps):
                worker.gradient[:] = gradient(rank, worker.step, worker.weights)
                worker.push_pull()
            results[rank] = worker.weights.copy()

    with ThreadPoolExecutor(workers) as threads:
        list(threads.map(work, range(workers), timeout=30))
    return [results[rank] for rank in range(workers)]


def process(server: ParameterServer, rank: int) -> subprocess.Popen[str]:
    """A worker that steps with gradient 1 until it is ended, as a process that prints its steps."""
    return subprocess.Popen(
        [sys.executable, "-c", LOOP, server.address, server.token, str(rank)], stdout=subprocess.PIPE, text=True
    )


def quadratic(rank: int, step: int, weights: Floats) -> Floats:
    """The gradient of ``mean(w**2)``."""
    return np.asarray(2 * weights / np.float32(len(weights)), np.float32)
