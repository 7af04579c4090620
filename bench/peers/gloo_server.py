"""A parameter server of torch.distributed's point-to-point calls: rank 0 adds what the others send, updates, answers.

PARAMETERS WORKERS STEPS: steps a second of the slowest worker.
"""

import os
import socket
import sys

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from timing import WARM_UP, median_seconds

RATE = 0.1


def main() -> None:
    parameters, workers, steps = map(int, sys.argv[1:])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(probe.getsockname()[1])}
    slowest = mp.get_context("spawn").SimpleQueue()
    mp.spawn(process, (parameters, workers, steps, slowest), nprocs=workers + 1)
    print(1 / max(slowest.get() for _ in range(workers)))


def process(rank: int, parameters: int, workers: int, steps: int, slowest: mp.SimpleQueue) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=workers + 1)
    weights = torch.ones(parameters)
    if rank == 0:
        serve(weights, workers, steps)
    else:
        slowest.put(work(weights, steps))
    dist.destroy_process_group()


def serve(weights: torch.Tensor, workers: int, steps: int) -> None:
    gradients = [torch.empty_like(weights) for _ in range(workers)]
    for _ in range(WARM_UP + steps):
        for waiting in [dist.irecv(gradient, 1 + rank) for rank, gradient in enumerate(gradients)]:
            waiting.wait()
        for gradient in gradients:
            weights.sub_(gradient, alpha=RATE)
        for waiting in [dist.isend(weights, 1 + rank) for rank in range(workers)]:
            waiting.wait()


def work(weights: torch.Tensor, steps: int) -> float:
    gradient = torch.empty_like(weights)

    def step() -> None:
        torch.mul(weights, RATE, out=gradient)
        dist.send(gradient, 0)
        dist.recv(weights, 0)

    return median_seconds(step, steps)


if __name__ == "__main__":
    main()
