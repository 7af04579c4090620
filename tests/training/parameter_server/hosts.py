"""The two ends of a network: ``near ADDRESS HEARTBEAT`` keeps servers, ``far ADDRESS TOKEN`` a worker that comes back."""

import sys
import time

import numpy as np

from commonground.errors import CommongroundError
from commonground.training.parameter_server import SGD, Options, ParameterServer, Worker


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def near(host: str, heartbeat: str) -> None:
    options = Options(mode="async", optimizer=SGD(0.01), heartbeat=float(heartbeat))
    with ParameterServer(np.ones(1000, np.float32), options, host=host) as server:
        say(f"{server.address} {server.token}")
        sys.stdin.read()


def far(address: str, token: str) -> None:
    while True:
        try:
            with Worker(address, 0, token, shared_memory=False, timeout=2) as worker:
                say("joined")
                while True:
                    worker.gradient[:] = worker.weights
                    worker.push_pull()
                    say(f"norm {np.linalg.norm(worker.weights)}")
                    time.sleep(0.02)
        except CommongroundError as error:
            say(f"lost {error.code}")
            time.sleep(0.1)


if __name__ == "__main__":
    {"near": near, "far": far}[sys.argv[1]](*sys.argv[2:])
