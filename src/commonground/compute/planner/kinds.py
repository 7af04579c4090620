"""One step of every kind of training: computation, communication, idle time and the work behind them."""

from collections.abc import Callable

import msgspec

from commonground.compute.planner.equations import asynchrony, communication, computation, federation, limits
from commonground.compute.planner.ledger import Ledger
from commonground.compute.planner.model import RATIOS, Kind, Workload
from commonground.compute.planner.surroundings import Surroundings, used_codec


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A step of one worker (federated: a round), in seconds."""

    time: float
    lower: float
    upper: float
    computation: float
    communication: float
    wire: float
    """Seconds a worker's link is busy each way."""
    serving: float
    """Seconds a server is busy."""
    samples: float
    """Samples all workers together see in it."""


def step_of(workload: Workload, around: Surroundings, ledger: Ledger) -> Step:
    """The step of ``workload``, with its equations in ``ledger``."""
    return _KINDS[workload.kind](workload, around, ledger)


def computation_of(workload: Workload, around: Surroundings, ledger: Ledger) -> float:
    """Seconds one worker computes in a step, undisturbed."""
    if workload.fixed or workload.per_sample:
        return ledger(
            computation.measured_computation,
            fixed=workload.fixed,
            per_sample=workload.per_sample,
            batch=workload.batch,
        )
    work = workload.batch * workload.flops
    rate = ledger(computation.effective_rate, peak=around.peak, half=around.half, work=work)
    return ledger(computation.counted_computation, batch=workload.batch, flops=workload.flops, rate=rate)


def _sizes(workload: Workload, around: Surroundings, ledger: Ledger) -> tuple[float, float, float]:
    """Bytes of the model, bytes on the wire, seconds of coding on each side of a worker's exchange."""
    codec = used_codec(workload, in_memory=around.in_memory)
    ratio = RATIOS[codec] * (workload.top_k if codec == "top-k" else 1.0)
    wire = ledger(communication.wire_size, parameters=workload.parameters, ratio=min(1.0, ratio))
    model = 4 * workload.parameters
    coding = 0.0 if codec == "fp32" else ledger(communication.coding, model=model, speed=around.coding)
    return model, wire, coding


def _synchronous_server(workload: Workload, around: Surroundings, ledger: Ledger) -> Step:
    model, wire, coding = _sizes(workload, around, ledger)
    if around.exchange is not None:
        return _exchanged(workload, around, ledger, wire, coding)
    workers = workload.workers
    servers = workload.servers
    apply = ledger(communication.application, workers=workers, model=model, servers=servers, memory=around.apply)
    serving = apply + workers * coding / servers
    network, sending = serving, 0.0
    if not around.in_memory:
        network = coding + ledger(
            communication.streaming,
            latency=around.latency,
            model=wire,
            worker=around.bandwidth,
            workers=workers,
            servers=servers,
            server=around.bandwidth,
            apply=serving,
            chunks=max(1.0, model / servers / workload.chunk),
        )
        sending = wire / around.bandwidth
    busy = max(serving, workers * sending / servers)
    work = workers * (2 * coding + 2 * wire * around.processor) + apply * servers
    return _barrier(workload, around, ledger, network, work, (sending, busy))


def _exchanged(workload: Workload, around: Surroundings, ledger: Ledger, wire: float, coding: float) -> Step:
    """A step between processes of one machine whose exchange was measured."""
    exchange, workers, servers = around.exchange, workload.workers, workload.servers
    assert exchange is not None
    if around.in_memory:  # a server reads all gradients and the weights, and writes these
        applied = ledger(
            communication.application,
            workers=workers,
            model=wire,
            servers=servers,
            memory=min(3 / exchange.server, around.together / servers),
        )
        busy = (wire * exchange.worker, applied)
        return _barrier(workload, around, ledger, exchange.latency + applied, applied * servers, busy)
    network = ledger(
        communication.processed,
        latency=exchange.latency,
        model=wire,
        worker=exchange.worker + coding / wire,
        workers=workers,
        servers=servers,
        server=exchange.server + coding / wire,
        chunks=max(1.0, 4 * workload.parameters / servers / workload.chunk),
    )
    work = workers * (2 * coding + wire * (exchange.worker + exchange.server))
    busy = (wire * exchange.worker, workers * wire * exchange.server / servers)
    return _barrier(workload, around, ledger, network, work, busy)


def _all_reduce(workload: Workload, around: Surroundings, ledger: Ledger) -> Step:
    _, wire, coding = _sizes(workload, around, ledger)
    workers = workload.workers
    network = coding * (workers > 1) + ledger(
        communication.ring,
        workers=workers,
        latency=around.latency,
        model=wire,
        bandwidth=around.bandwidth,
        memory=around.apply,
    )
    share = 2 * (workers - 1) / workers * wire
    work = workers * (share * around.processor + share / 2 / around.apply)
    return _barrier(workload, around, ledger, network, work, (share / around.bandwidth, 0.0))


def _barrier(
    workload: Workload,
    around: Surroundings,
    ledger: Ledger,
    network: float,
    work: float,
    busy: tuple[float, float],
) -> Step:
    """A step that ends when the slowest worker has ended; ``work`` is processor seconds beside computation."""
    mean = computation_of(workload, around, ledger)
    slowest = ledger(computation.slowest, mean=mean, deviation=workload.deviation, workers=workload.workers)
    span = ledger(computation.overlapped, computation=slowest, network=network, gamma=workload.gamma)
    least = 0.0
    time = span
    if around.cores:
        work += workload.workers * workload.cpus * mean
        time = ledger(limits.shared, span=span, work=work, processors=around.cores)
        least = work / around.cores
    return Step(
        time=time,
        lower=max(slowest, network, least),
        upper=slowest + network + least,
        computation=mean,
        communication=min(max(0.0, span - slowest), time - mean),
        wire=busy[0],
        serving=busy[1],
        samples=workload.workers * workload.batch,
    )


def _asynchronous_server(workload: Workload, around: Surroundings, ledger: Ledger) -> Step:
    model, wire, coding = _sizes(workload, around, ledger)
    mean = computation_of(workload, around, ledger)
    workers, applied = workload.workers, 3 * model / around.apply + coding
    servers = workload.servers
    # In memory a worker waits for its own gradient to be applied, and no link is in between.
    bandwidth = 2 * model / applied if around.in_memory else around.bandwidth
    server = around.apply if around.in_memory else around.bandwidth
    rate = ledger(
        asynchrony.update_rate,
        workers=workers,
        computation=mean + coding,
        latency=0.0 if around.in_memory else around.latency,
        model=wire,
        worker=bandwidth,
        servers=servers,
        server=server,
        memory=3 * wire / applied,  # what is applied is not encoded, and is decoded first
    )
    exchange = coding + (0.0 if around.in_memory else around.latency) + 2 * wire / bandwidth
    service = max(wire / server, applied) / servers
    span, least = workers / rate, 0.0
    time = span
    if around.cores:
        work = workers * (workload.cpus * mean + coding + 2 * wire * around.processor + applied)
        time = ledger(limits.brent_lower, span=span, work=work, processors=around.cores)
        least = work / around.cores
    return Step(
        time=time,
        lower=max(mean, workers * service, least),
        upper=max(mean + exchange + workers * service, least),
        computation=mean,
        communication=min(exchange, time - mean),
        wire=wire / bandwidth,
        serving=workers * service,
        samples=workers * workload.batch,
    )


def _federated(workload: Workload, around: Surroundings, ledger: Ledger) -> Step:
    model, wire, coding = _sizes(workload, around, ledger)
    clients = min(workload.clients or workload.workers, workload.workers)
    held = workload.samples / workload.workers
    mean = ledger(
        federation.local_training,
        passes=workload.steps,
        steps=max(1.0, held / workload.batch),
        computation=computation_of(workload, around, ledger),
        clipping=workload.clipping,
    )
    slowest = ledger(computation.slowest, mean=mean, deviation=workload.deviation, workers=clients)
    span = ledger(
        federation.federated_round,
        training=slowest,
        model=wire,
        down=around.bandwidth,
        up=around.bandwidth,
        clients=clients,
        memory=around.apply,
        fixed=workload.round_cost + 2 * around.latency + coding,
    )
    work, least, time = clients * (workload.cpus * mean + 2 * wire * around.processor + model / around.apply), 0.0, span
    if around.cores:
        time = ledger(limits.brent_lower, span=span, work=work, processors=around.cores)
        least = work / around.cores
    return Step(
        time=time,
        lower=max(slowest, span - slowest, least),
        upper=max(span, least),
        computation=mean,
        communication=min(span - slowest, time - mean),
        wire=wire / around.bandwidth,
        serving=clients * model / around.apply,
        samples=clients * workload.steps * held,
    )


_KINDS: dict[Kind, Callable[[Workload, Surroundings, Ledger], Step]] = {
    "ps-sync": _synchronous_server,
    "ps-async": _asynchronous_server,
    "all-reduce": _all_reduce,
    "federated": _federated,
}
