"""The measures of area ``compute``: the parameter server beside the memory and the machine it runs on."""

import multiprocessing
import statistics
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.synchronize import Barrier
from typing import Any

import numpy as np

from bench import downpour, faults, federated, peers, planner, planner_own
from bench.link import GBIT, Link
from bench.report import Measure, Row, interleave, row
from commonground.training.parameter_server import SGD, Options, ParameterServer, Worker
from commonground.training.parameter_server.configuration import split
from commonground.training.parameter_server.shard import Shard
from commonground.training.parameter_server.shared_memory import Segment

PARAMETERS = 10_000_000
MANY = 100_000_000
WARM_UP, STEPS = 3, 15
DECAY = np.float32(0.1)
SPAWN = multiprocessing.get_context("spawn")


def shared_memory() -> list[Row]:
    """Two workers on one host, beside the same passes over memory by two processes that never wait for each other.

    A step: each worker reads the weights and writes its gradient; then both gradients and the weights are read and the weights
    written. The limit does just that, each process its gradient and half of the update.
    """
    ours, limit = interleave(lambda: _served(2, shards=2, shared=True), _memory_limit, times=5)
    ratios = [a / b for a, b in zip(ours, limit, strict=True)]
    return [
        row("ps_shm_10m_n2_of_memory_limit", ratios, "ratio", "higher"),
        row("ps_shm_10m_n2_steps", ours, "steps/s", "higher", {"memory_limit": statistics.median(limit)}),
    ]


def ray() -> list[Row]:
    """Two workers on one host, beside the pattern of Ray's documentation."""
    return [_over("ps_shm_10m_n2_over_ray", partial(_served, 2, 2, shared=True), partial(_ray, PARAMETERS))]


def sockets() -> list[Row]:
    """One and two workers over TCP on the loopback, beside a parameter server of gloo's send and receive."""
    rows = []
    for workers in (1, 2):
        ours, gloo = interleave(partial(_served, workers, 1, shared=False), partial(_gloo, PARAMETERS, workers))
        ratios = [a / b for a, b in zip(ours, gloo, strict=True)]
        rows += [
            row(f"ps_tcp_10m_n{workers}_over_gloo", ratios, "ratio", "higher"),
            row(f"ps_tcp_10m_n{workers}_steps", ours, "steps/s", "higher", {"gloo": statistics.median(gloo)}),
        ]
    return rows


def flight() -> list[Row]:
    """One and two workers over TCP, beside Arrow Flight's exchanges."""
    return [
        _over(
            f"ps_tcp_10m_n{workers}_over_flight",
            partial(_served, workers, 1, shared=False),
            partial(peers.run, "compute", "flight_server", PARAMETERS, workers, STEPS),
        )
        for workers in (1, 2)
    ]


def collective() -> list[Row]:
    """What torch reaches without a server, for reading beside the others: two processes."""
    modes = {
        mode: partial(peers.run, "compute", "gloo_all_reduce", PARAMETERS, 2, STEPS, mode) for mode in ("sgd", "ddp")
    }
    return [
        row(f"torch_{mode}_10m_n2_steps", [run() for _ in range(3)], "steps/s", "higher") for mode, run in modes.items()
    ]


def large() -> list[Row]:
    """A hundred million parameters, two workers."""
    shared = partial(_served, 2, 2, shared=True, parameters=MANY, steps=5)
    tcp = partial(_served, 2, 1, shared=False, parameters=MANY, steps=5)
    return [
        _over("ps_shm_100m_n2_over_ray", shared, partial(_ray, MANY, steps=3)),
        _over("ps_tcp_100m_n2_over_gloo", tcp, partial(_gloo, MANY, 2, steps=5)),
    ]


def links() -> list[Row]:
    """One worker over a link of 1 Gbit/s between two network namespaces; use counts the weights alone, not headers."""
    seconds: dict[str, list[float]] = {"fp32": [], "bf16": [], "int8": []}
    with Link("1gbit") as link:
        for _ in range(3):
            for codec, runs in seconds.items():
                runs.append(_over_link(link, codec))
    plain = seconds["fp32"]
    ratios = {codec: [a / b for a, b in zip(plain, runs, strict=True)] for codec, runs in seconds.items()}
    return [
        row("ps_int8_1gbit_ratio", ratios["int8"], "ratio", "higher", {"bf16": statistics.median(ratios["bf16"])}),
        row("link_use_1gbit", [4 * PARAMETERS / run / GBIT for run in plain], "ratio", "higher"),
    ]


def _over_link(link: Link, codec: str) -> float:
    """Seconds of a step."""
    with link.start(0, "bench.link_host", "server", link.address, PARAMETERS, codec) as server:
        assert server.stdout
        address, token = server.stdout.readline().split()
        with link.start(1, "bench.link_host", "worker", address, token, STEPS) as worker:
            output, _ = worker.communicate(timeout=300)
        server.communicate(timeout=60)
    return float(output)


def _over(name: str, ours: Callable[[], float], peer: Callable[[], float]) -> Row:
    """The ratio of steps a second; the peer's own figure beside it."""
    mine, theirs = interleave(ours, peer)
    figures = {"ours": statistics.median(mine), "peer": statistics.median(theirs)}
    return row(name, [a / b for a, b in zip(mine, theirs, strict=True)], "ratio", "higher", figures)


def _gloo(parameters: int, workers: int, steps: int = STEPS) -> float:
    return peers.run("compute", "gloo_server", parameters, workers, steps)


def _ray(parameters: int, steps: int = STEPS) -> float:
    return peers.run("compute", "ray_server", parameters, 2, steps)


def kills() -> list[Row]:
    """From the kill of one of two synchronous workers, in the middle of its steps, to the other's next finished step."""
    return [row("ps_kill_recovery_s", [_recovery() for _ in range(5)], "s", "lower")]


def _recovery() -> float:
    with ParameterServer(np.ones(PARAMETERS, np.float32), Options(workers=2)) as server:
        other = SPAWN.Process(target=_endless, args=(server.address, server.token))
        other.start()
        with Worker(server.address, 0, server.token, shared_memory=False) as worker:
            for _ in range(WARM_UP):
                worker.push_pull()
            other.kill()
            killed = time.perf_counter()
            worker.push_pull()
            return time.perf_counter() - killed


def _endless(address: str, token: str) -> None:
    with Worker(address, 1, token, shared_memory=False) as worker:
        while True:
            worker.push_pull()


def _served(workers: int, shards: int, shared: bool, parameters: int = PARAMETERS, steps: int = STEPS) -> float:
    """Steps per second of a synchronous parameter server."""
    options = Options(workers=workers, optimizer=SGD(0.1))
    with ParameterServer(np.ones(parameters, np.float32), options, shards=shards) as server:
        return _steps_per_second(_work, workers, server.address, server.token, shared, steps)


def _memory_limit() -> float:
    segment = Segment.create(PARAMETERS, 2)
    segment.weights[:] = 1
    try:
        return _steps_per_second(_touch, 2, segment.path)
    finally:
        segment.close()


def _steps_per_second(target: Callable[..., None], processes: int, *arguments: object) -> float:
    """Run ``target(rank, start, seconds, *arguments)`` in processes; of the slowest."""
    start, seconds = SPAWN.Barrier(processes), SPAWN.SimpleQueue()
    running = [SPAWN.Process(target=target, args=(rank, start, seconds, *arguments)) for rank in range(processes)]
    for process in running:
        process.start()
    slowest = max(seconds.get() for _ in running)
    for process in running:
        process.join()
    return float(1 / slowest)


def _timed(step: Callable[[], None], start: Barrier, seconds: Any, steps: int = STEPS) -> None:
    for _ in range(WARM_UP):
        step()
    start.wait()
    took = []
    for _ in range(steps):
        began = time.perf_counter()
        step()
        took.append(time.perf_counter() - began)
    seconds.put(statistics.median(took))  # what else runs on the machine meets few of the steps


def _work(rank: int, start: Barrier, seconds: Any, address: str, token: str, shared: bool, steps: int) -> None:
    with Worker(address, rank, token, shared_memory=shared) as worker:

        def step() -> None:
            np.multiply(worker.weights, DECAY, out=worker.gradient)
            worker.push_pull()

        _timed(step, start, seconds, steps)


def _touch(rank: int, start: Barrier, seconds: Any, path: str) -> None:
    segment = Segment.open(path)
    own, gradients = segment.gradient(rank), [segment.gradient(0), segment.gradient(1)]
    first, last = split(PARAMETERS, 2)[rank]
    shard = Shard(segment.weights[first:last], Options(workers=2, optimizer=SGD(0.1)))

    def step() -> None:
        np.multiply(segment.weights, DECAY, out=own)
        shard.apply(0, [(index, gradient[first:last]) for index, gradient in enumerate(gradients)])

    _timed(step, start, seconds)


MEASURES: dict[str, Measure] = {
    "ps_shm": shared_memory,
    "ps_ray": ray,
    "ps_tcp": sockets,
    "ps_flight": flight,
    "ps_large": large,
    "collective": collective,
    "link": links,
    "kills": kills,
    "faults": faults.measure,
    "federated": federated.rounds,
    "downpour": downpour.downpour,
    "planner": planner.planner,
    "planner_own": planner_own.own,
}
