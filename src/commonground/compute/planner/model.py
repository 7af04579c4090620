"""What the planner reads and answers. Bytes, seconds, bytes a second, operations a second."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from commonground.compute.planner.equation import Term

Kind = Literal["ps-sync", "ps-async", "all-reduce", "federated"]
Codec = Literal["fp32", "bf16", "int8", "top-k"]
Goal = Literal["time", "efficiency", "cost"]
Transport = Literal["shared-memory", "socket"]
Scale = Literal["none", "sqrt", "inverse"]

Positive = Annotated[float, Meta(gt=0)]
NonNegative = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=1, le=65_536)]

RATIOS: dict[Codec, float] = {"fp32": 1.0, "bf16": 0.5, "int8": 0.25, "top-k": 2.0}
"""Size on the wire against 32-bit floats; of top-k, of the share that is sent: each value with its place."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One direction of a connection: a message of b bytes takes ``latency + b / bandwidth``."""

    latency: NonNegative
    bandwidth: Positive
    processor: NonNegative = 0.0
    """Processor seconds a byte costs, both ends together."""


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """What one push and pull costs on a machine whose processes share it: not a link limits it, but processors that move
    and apply bytes. ``worker`` and ``server`` are processor seconds a byte of the gradient on the wire, weights back included.
    """

    latency: NonNegative
    worker: NonNegative
    server: Positive


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """Operations a second that saturate: half of ``peak`` at ``half`` operations a call."""

    peak: Positive
    half: NonNegative


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A measured step of a run."""

    kind: Kind
    transport: Transport
    workers: Count
    step: Positive
    predicted: Positive
    """Seconds the model said, without what the profile had learnt."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What calibration measured on one machine. Written as JSON."""

    format: Literal["commonground-machine-1"] = "commonground-machine-1"
    machine: str
    """Fingerprint of the hardware; a profile is refused elsewhere."""
    date: str
    version: str
    load: NonNegative
    """Processes that wanted to run when it was measured; above the number of cores the figures are too slow."""
    cores: Count
    memory: Positive
    copy: Positive
    """Bytes/s copied by one process."""
    apply: Positive
    """Bytes/s one processor reads and writes in w -= lr g, 12 bytes a parameter."""
    apply_together: Positive
    """The same of all processors at once."""
    rate: Rate
    loopback: Link
    codecs: dict[Codec, Positive]
    """Bytes/s of 32-bit floats each codec encodes."""
    exchanges: dict[Transport, Exchange] = {}
    """Measured through the parameter server itself; without them links and memory stand in."""
    workers: Count = 1
    """The largest number of workers measured; beyond twice it a prediction says so."""
    points: list[Point] = []


class Workload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A training job as numbers: what the sections ``plan``, ``ps`` and ``resources`` of a spec say."""

    kind: Kind
    parameters: Positive
    batch: Count = 32
    """Samples a worker and step."""
    samples: Annotated[int, Meta(ge=1, le=10**15)] = 1
    epochs: Positive = 1.0
    fixed: NonNegative = 0.0
    """Seconds of computation a step, whatever the batch."""
    per_sample: NonNegative = 0.0
    flops: NonNegative = 0.0
    """Operations a sample; used where no seconds are given."""
    deviation: NonNegative = 0.0
    """Standard deviation of a worker's computation, relative to its mean."""
    gamma: Annotated[float, Meta(ge=1, le=10)] = 1.0
    """Overlap of computation and communication: 1 none, 10 almost all."""
    workers: Count = 1
    servers: Count = 1
    cpus: Positive = 1.0
    codec: Codec = "fp32"
    top_k: Annotated[float, Meta(gt=0, le=1)] = 0.01
    """Share of the values that top-k sends."""
    chunk: Positive = 2.0**21
    """Bytes of a chunk."""
    shared: bool = True
    """All processes on this machine."""
    transport: Transport = "shared-memory"
    link: Link | None = None
    """The network between hosts; needed where they are not shared."""
    learning_rate: NonNegative = 0.0
    stable_learning_rate: NonNegative = 0.0
    """The largest learning rate at which one worker converges; 0 is unknown."""
    optimizer: Annotated[str, Meta(max_length=40)] = "sgd"
    scale: Scale = "none"
    steps: Positive = 1.0
    """Federated: local passes over a client's samples."""
    clients: Annotated[int, Meta(ge=0)] = 0
    """Federated: how many are sampled a round; 0 is all workers."""
    clipping: Annotated[float, Meta(ge=1)] = 1.0
    round_cost: NonNegative = 0.0
    checkpoint: NonNegative = 0.0
    """Seconds to write one."""
    mtbf: NonNegative = 0.0
    """Mean seconds between failures of one process; 0 is never."""
    restart: NonNegative = 0.0
    price: NonNegative = 0.0
    """Of one process and hour."""
    maximize: Goal = "time"
    deadline: NonNegative = 0.0
    max_workers: Count = 16


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """One configuration and what it is expected to do; every figure comes from one of ``terms``."""

    kind: Kind
    workers: int
    servers: int
    codec: Codec
    step: float
    """Seconds between two steps of one worker (federated: a round)."""
    lower: float
    """Seconds if all communication hides behind computation."""
    upper: float
    """Seconds if none does."""
    computation: float
    communication: float
    idle: float
    throughput: float
    """Samples a second, all workers."""
    efficiency: float
    busy: float
    """Utilisation of the processors of the workers."""
    network: float
    """Utilisation of a worker's link, or of memory where that is shared."""
    server: float
    """Utilisation of a server."""
    wall: float
    """Seconds of the whole run, failures included."""
    cost: float
    waste: float
    """Share of the wall time lost to failures and checkpoints."""
    checkpoint_interval: float
    """Seconds; 0 is never."""
    staleness: float
    terms: list[Term]
    warnings: list[str]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, what is recommended, and how it scales."""

    machine: str
    asked: Prediction
    recommended: Prediction
    curve: list[Prediction]
    """The spec at 1, 2, 4, ... workers."""
