"""torch.distributed without a server: PARAMETERS WORKERS STEPS MODE, steps a second of the slowest worker.

``sgd``: all-reduce of one flat gradient and the update of each worker's own weights. ``ddp``: DistributedDataParallel on
layers of that many parameters in all, a batch of one row, forward and backward pass included.
"""

import math
import os
import socket
import sys
from collections.abc import Callable

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from timing import median_seconds
from torch.nn.parallel import DistributedDataParallel

LAYERS = 10


def main() -> None:
    parameters, workers, steps = map(int, sys.argv[1:4])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(probe.getsockname()[1])}
    slowest = mp.get_context("spawn").SimpleQueue()
    mp.spawn(process, (parameters, workers, steps, sys.argv[4], slowest), nprocs=workers)
    print(1 / max(slowest.get() for _ in range(workers)))


def process(rank: int, parameters: int, workers: int, steps: int, mode: str, slowest: mp.SimpleQueue) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=workers)
    slowest.put(median_seconds({"sgd": plain, "ddp": wrapped}[mode](parameters), steps))
    dist.destroy_process_group()


def plain(parameters: int) -> Callable[[], None]:
    weights, gradient = torch.ones(parameters), torch.empty(parameters)

    def step() -> None:
        torch.mul(weights, 0.1, out=gradient)
        dist.all_reduce(gradient)
        weights.sub_(gradient, alpha=0.1)

    return step


def wrapped(parameters: int) -> Callable[[], None]:
    side = math.isqrt(parameters // LAYERS)
    model = DistributedDataParallel(
        torch.nn.Sequential(*[torch.nn.Linear(side, side, bias=False) for _ in range(LAYERS)])
    )
    optimizer, batch = torch.optim.SGD(model.parameters(), lr=0.1), torch.ones(1, side)

    def step() -> None:
        optimizer.zero_grad()
        model(batch).square().mean().backward()
        optimizer.step()

    return step


if __name__ == "__main__":
    main()
