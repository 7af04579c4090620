"""What a group of parameter servers is told when it starts."""

import itertools
from typing import Literal

import msgspec

from commonground.errors import BadRequest
from commonground.training.parameter_server.frame import MAX_PAYLOAD
from commonground.training.parameter_server.optimizer import SGD, Optimizer

Mode = Literal["sync", "async"]
Aggregate = Literal["sum", "mean"]
CodecName = Literal["fp32", "bf16", "int8", "top-k"]
StalenessScale = Literal["none", "sqrt", "inverse"]

MAX_WORKERS = 65_535
NEWEST = -1


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the servers work, the same for every shard.

    In ``sync`` one step needs a gradient of every worker; they are added in the order of ranks, so that a run repeats bit for bit. In
    ``async`` each gradient is applied when it arrives. ``aggregate`` is of sync. ``staleness_bound`` is of async: a worker may be at
    most so many steps ahead of the slowest. ``heartbeat`` seconds without a sign of life end a connection. ``elastic`` is of sync: a
    worker that is lost is left out; otherwise the servers end, so that the run continues with all workers from its last snapshot.
    """

    mode: Mode = "sync"
    aggregate: Aggregate = "sum"
    optimizer: Optimizer = msgspec.field(default_factory=SGD)
    workers: int = msgspec.field(default=1)
    codec: CodecName = "fp32"
    top_k: float = 0.01
    chunk: int = 524_288
    """elements a frame carries on a socket; 524,288 float32 are 2 MiB: warm in cache from arrival to answer, and few enough to cost little each"""
    staleness_scale: StalenessScale = "none"
    staleness_bound: int | None = None
    heartbeat: float = 10.0
    elastic: bool = True
    dimension: int = 0
    """elements of a row, for a table that workers ask for by keys; 0: the weights are one vector"""
    snapshot_every: int = 0
    """steps between snapshots, 0 for none"""

    def __post_init__(self) -> None:
        """``BadRequest`` for what cannot be meant."""
        largest = MAX_PAYLOAD // 8  # a value of top-k takes eight bytes
        for name, good, meaning in [
            ("workers", 1 <= self.workers <= MAX_WORKERS, f"1 to {MAX_WORKERS}"),
            ("chunk", 1 <= self.chunk <= largest, f"1 to {largest} elements"),
            ("top_k", 0 < self.top_k <= 1, "a share above 0, at most 1"),
            ("heartbeat", self.heartbeat > 0, "seconds, more than 0"),
            ("staleness_bound", (self.staleness_bound or 0) >= 0, "0 or more"),
            ("snapshot_every", self.snapshot_every >= 0, "0 or more"),
            ("dimension", 0 <= self.dimension <= largest, f"0 to {largest}"),
        ]:
            if not good:
                raise BadRequest(reason=f"{name} is {meaning}, not {getattr(self, name)}")


class ShardConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """One server process: its share of the weights and where it listens."""

    options: Options
    size: int
    start: int
    stop: int
    shard: int = 0
    shards: int = 1
    host: str = "127.0.0.1"
    port: int = 0
    token: str = ""
    segment: str = ""
    """shared memory that already holds the weights; empty: zeros of its own"""
    snapshots: str = ""
    """folder of snapshots; one of them is continued"""
    step: int = NEWEST
    """which of them; 0: none, the newest complete one by default"""
    awaits_weights: bool = False
    """where no snapshot is continued, the worker of rank 0 brings the weights"""


def split(size: int, shards: int) -> list[tuple[int, int]]:
    """The range of each shard: contiguous, even up to one element; ``BadRequest`` where one would be empty."""
    if not 1 <= shards <= size:
        raise BadRequest(reason=f"{size} elements or rows cannot be split into {shards} shards")
    edges = [size * index // shards for index in range(shards + 1)]
    return list(itertools.pairwise(edges))
