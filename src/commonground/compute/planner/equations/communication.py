"""Time gradients and weights travel. M bytes of model, N workers, S servers, B bytes/s each way, alpha seconds a message."""

import math

from commonground.compute.planner.equation import equation


@equation("Ta = (N + 2) M / (S Bm)", unit="s", source="N gradients read, weights read and written")
def application(*, workers: float, model: float, servers: float, memory: float) -> float:
    """Time S servers need to add N gradients up and apply them; ``memory`` is bytes/s of one server."""
    return (workers + 2) * model / (servers * memory)


@equation("Tn = alpha + 2 max(M / Bw, N M / (S Bs)) + Ta", unit="s", source="Li et al., OSDI 2014; push, then pull")
def two_phase(
    *, latency: float, model: float, worker: float, workers: float, servers: float, server: float, apply: float
) -> float:
    """Everything is pushed, then applied, then everything is pulled."""
    return latency + 2 * max(model / worker, workers * model / (servers * server)) + apply


@equation(
    "Tn = alpha + (1 + N / C) max(M / Bw, N M / (S Bs), Ta)", unit="s", source="pipeline of C chunks on full duplex"
)
def streaming(
    *,
    latency: float,
    model: float,
    worker: float,
    workers: float,
    servers: float,
    server: float,
    apply: float,
    chunks: float,
) -> float:
    """A chunk is answered as soon as it is applied, while the next one arrives; C chunks a shard."""
    return latency + (1 + workers / chunks) * max(model / worker, workers * model / (servers * server), apply)


@equation(
    "Tn = alpha + (1 + N / C) M max(cw, N cs / S)",
    unit="s",
    source="the same pipeline where processors move the bytes: cw and cs seconds a byte",
)
def processed(
    *, latency: float, model: float, worker: float, workers: float, servers: float, server: float, chunks: float
) -> float:
    """Push and pull between processes of one machine."""
    return latency + (1 + workers / chunks) * model * max(worker, workers * server / servers)


@equation("Tn = 2 (N - 1) M / (S B)", unit="s", source="Jiang et al., BytePS, OSDI 2020, 2.2, with S <= N")
def colocated(*, workers: float, servers: float, model: float, bandwidth: float) -> float:
    """Servers on S of the N machines of the workers; what stays on a machine is free."""
    return 2 * (workers - 1) * model / (servers * bandwidth)


@equation("Tn = 2 N (N - 1) M / ((N^2 + k N - 2 k) B)", unit="s", source="BytePS, OSDI 2020, eq. 4")
def spare_hosts(*, workers: float, spare: float, model: float, bandwidth: float) -> float:
    """The best a parameter server reaches with k hosts beside N >= 2 workers."""
    return 2 * workers * (workers - 1) * model / ((workers**2 + spare * workers - 2 * spare) * bandwidth)


@equation(
    "Tn = 2 (N - 1) alpha + 2 (N - 1)/N M / B + (N - 1)/N M / Bm",
    unit="s",
    source="Patarasuk and Yuan, 2009; Thakur et al., 2005",
)
def ring(*, workers: float, latency: float, model: float, bandwidth: float, memory: float) -> float:
    """All-reduce in a ring."""
    share = (workers - 1) / workers * model
    return 2 * (workers - 1) * latency + 2 * share / bandwidth + share / memory


@equation("Tn = 2 ceil(log2 N) (alpha + M / B)", unit="s", source="Thakur, Rabenseifner and Gropp, 2005")
def tree(*, workers: float, latency: float, model: float, bandwidth: float) -> float:
    """Reduce and broadcast along a binary tree."""
    return 2 * math.ceil(math.log2(workers)) * (latency + model / bandwidth)


@equation("Tn = 2 (G - 1)/G M / Bin + 2 (n - 1)/n M / Bout", unit="s", source="two rings, within and between nodes")
def hierarchical(*, inside: float, nodes: float, model: float, bandwidth_in: float, bandwidth_out: float) -> float:
    """All-reduce over n nodes of G devices."""
    return 2 * model * ((inside - 1) / inside / bandwidth_in + (nodes - 1) / nodes / bandwidth_out)


@equation("M = 4 P r", unit="bytes", source="codecs of the parameter server")
def wire_size(*, parameters: float, ratio: float) -> float:
    """Bytes of one gradient or of the weights on the wire; ``ratio`` is against 32-bit floats."""
    return 4 * parameters * ratio


@equation(
    "Tq = 2 M / Bq",
    unit="s",
    source="one encoding and one decoding for each worker, by the worker and again by its server",
)
def coding(*, model: float, speed: float) -> float:
    """Time to encode a gradient and decode weights, or the reverse; ``model`` in bytes of 32-bit floats."""
    return 2 * model / speed
