"""One host of a link: ``server ADDRESS PARAMETERS CODEC`` keeps a parameter server until its input ends, after a line with
its address and token; ``worker ADDRESS TOKEN STEPS`` prints the median seconds of a step.
"""

import statistics
import sys
import time

import numpy as np

from commonground.training.parameter_server import SGD, Options, ParameterServer, Worker


def server(host: str, parameters: str, codec: str) -> None:
    options = Options(optimizer=SGD(0.1), codec=codec)  # type: ignore[arg-type]
    weights = np.random.default_rng(0).standard_normal(int(parameters), np.float32)
    with ParameterServer(weights, options, host=host) as running:
        print(running.address, running.token, flush=True)
        sys.stdin.read()


def worker(address: str, token: str, steps: str) -> None:
    took = []
    with Worker(address, 0, token, shared_memory=False) as client:
        for _ in range(3 + int(steps)):
            np.multiply(client.weights, np.float32(0.1), out=client.gradient)
            began = time.perf_counter()
            client.push_pull()
            took.append(time.perf_counter() - began)
    print(statistics.median(took[3:]))


if __name__ == "__main__":
    {"server": server, "worker": worker}[sys.argv[1]](*sys.argv[2:])
