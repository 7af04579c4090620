"""What a run is. Times are UTC milliseconds, durations seconds, sizes bytes, commits 40 hex digits."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from commonground.accounts.model import RepositoryKind

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Stream = Literal["stdout", "stderr", "system"]
ENDED: tuple[State, ...] = ("succeeded", "failed", "cancelled")
EXTERNAL = "external"
"""Kind and engine of a run that is executed elsewhere and reported by a client."""

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$")]
Edge = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Variable = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]
Address = Annotated[str, Meta(min_length=1, max_length=4096)]
Text = Annotated[str, Meta(max_length=32_768)]
Image = Annotated[str, Meta(pattern=r"^[a-z0-9][A-Za-z0-9._:/@-]{0,511}$")]

Labels = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=128)], Annotated[str, Meta(max_length=256)]], Meta(max_length=64)
]
Secrets = Annotated[dict[Edge, Text], Meta(max_length=64)]


class Secret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that is named, never written: the worker looks it up when the run starts."""

    secret: Edge


class Resources(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What each process needs, and how many there are; all of them start or none (gang)."""

    workers: Annotated[int, Meta(ge=1, le=1024)] = 1
    servers: Annotated[int, Meta(ge=0, le=1024)] = 0
    cpus: Annotated[float, Meta(gt=0, le=4096)] = 1.0
    gpus: Annotated[int, Meta(ge=0, le=1024)] = 0
    memory: Annotated[int, Meta(ge=0)] = 0


class DataServers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Processes of the role data, ``servers`` of them, that read and decode for the workers; each worker is read ``prefetch``
    batches ahead.
    """

    servers: Annotated[int, Meta(ge=0, le=1024)] = 0
    prefetch: Annotated[int, Meta(ge=1, le=1024)] = 4


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What happens when something fails. A run that shows no sign of life (a line, a metric, a heartbeat) for
    ``heartbeat`` seconds is frozen; ``None``: silence is allowed. ``timeout`` bounds one attempt.
    """

    max_restarts: Annotated[int, Meta(ge=0, le=1000)] = 3
    heartbeat: Annotated[float, Meta(gt=0)] | None = None
    timeout: Annotated[float, Meta(gt=0)] = 86_400.0


class Queue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Higher ``priority`` first; then the ``group`` that uses least."""

    priority: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    group: Name = "default"


class Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be executed. Made by :func:`commonground.compute.runs.spec.parse`. ``plan``, ``ps``, ``privacy`` and
    ``options`` are for the kind of run and for the planner.
    """

    name: Name = "run"
    kind: Name = "task"
    run: Text | None = None
    entry: Annotated[str, Meta(pattern=r"^[A-Za-z_][\w.]{0,255}:[A-Za-z_]\w{0,127}$")] | None = None
    inputs: Annotated[dict[Edge, Address], Meta(max_length=64)] = {}
    outputs: Annotated[dict[Edge, Address], Meta(max_length=64)] = {}
    environment: Annotated[dict[Variable, Text | Secret], Meta(max_length=256)] = {}
    plan: dict[str, Any] = {}
    ps: dict[str, Any] = {}
    data: DataServers = DataServers()
    privacy: dict[str, Any] = {}
    options: dict[str, Any] = {}
    resources: Resources = Resources()
    fault: Fault = Fault()
    queue: Queue = Queue()
    engine: Name = "local"
    image: Image | None = None
    seed: Annotated[int, Meta(ge=0, lt=2**32)] | None = None

    @property
    def needs(self) -> "Capacity":
        """What all processes need together; GPUs are the workers'."""
        each = self.resources
        processes = each.workers + each.servers + self.data.servers
        return Capacity(cpus=each.cpus * processes, memory=each.memory * processes, gpus=each.gpus * each.workers)


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """An amount of what machines have; ``slots`` is the number of runs."""

    cpus: float = 0.0
    memory: int = 0
    gpus: int = 0
    slots: int = 1

    def fits(self, room: "Capacity") -> bool:
        """Whether there is enough in ``room``."""
        return all(getattr(self, name) <= getattr(room, name) + 1e-9 for name in self.__struct_fields__)

    def __add__(self, other: "Capacity") -> "Capacity":
        return Capacity(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})

    def __sub__(self, other: "Capacity") -> "Capacity":
        return Capacity(**{name: getattr(self, name) - getattr(other, name) for name in self.__struct_fields__})


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker has in ``total`` and what of it is ``free``, and the engines it can start processes on."""

    free: Capacity
    total: Capacity
    engines: tuple[str, ...] = ("local",)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """An input or an output: a path of a repository. ``commit`` is ``null`` until the run has published it;
    ``repository`` (``owner/name``) once it is deleted.
    """

    name: str
    kind: RepositoryKind | None = None
    repository: str | None = None
    commit: str | None = None
    path: str = ""


class Link(Place, frozen=True, kw_only=True):
    """A place as it is stored: by the id of its repository."""

    repository_id: int = 0


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a replay did not make as the run did. ``before`` and ``after`` are SHA-256s; ``null``: not made."""

    output: str
    path: str
    before: str | None = None
    after: str | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How a replay compares with the run: ``identical`` if every file has the same bits. ``differing`` lists the first
    thousand of ``differences``; ``environment`` what was otherwise when it ran: name -> [then, now].
    """

    identical: bool
    files: int
    differences: int = 0
    differing: tuple[Difference, ...] = ()
    environment: dict[str, tuple[Any, Any]] = {}


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody who may see a run is told of it. ``attempt`` counts from 1 once it was claimed; ``environment`` is
    what the last attempt ran in; ``cpu_seconds`` and the bytes are those of all attempts. ``parent`` is the run it is a
    trial of, ``schedule`` what made it, ``replay_of`` the run it is compared with, and ``verdict`` how that ended.
    """

    id: int
    name: str
    kind: str
    engine: str
    state: State
    owner: str
    seed: int
    priority: int = 0
    attempt: int = 0
    last_attempt: int = 1
    worker: str | None = None
    environment: dict[str, Any] = {}
    exit_code: int | None = None
    error: str | None = None
    cpu_seconds: float = 0.0
    bytes_read: int = 0
    bytes_written: int = 0
    created_at: int = 0
    started_at: int | None = None
    finished_at: int | None = None
    parent: int | None = None
    schedule: int | None = None
    replay_of: int | None = None
    verdict: Verdict | None = None
    labels: dict[str, str] = {}


class Run(RunFacts, frozen=True, kw_only=True):
    """A run as stored."""

    owner_id: int
    spec: Spec
    inputs: tuple[Link, ...] = ()
    outputs: tuple[Link, ...] = ()


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a run made: where it is below the output, the hash of its content and its bytes."""

    output: str
    path: str
    sha256: bytes
    size: int


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A run while a worker holds it; ``fence`` names the lease every write is made under. ``secrets`` are the run's own,
    named as the worker's are: by environment variables.
    """

    run: Run
    fence: int
    secrets: dict[str, str] = {}


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended. ``final``: trying again is pointless."""

    exit_code: int | None = None
    error: str | None = None
    final: bool = False
    cpu_seconds: float = 0.0
    bytes_read: int = 0
    bytes_written: int = 0

    @property
    def succeeded(self) -> bool:
        """Whether nothing went wrong."""
        return self.error is None


class RunQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs to list, newest first: in one of the ``states``, of a kind, an owner, a parent, with ``text`` in their
    name, with all of the ``labels``; ``before`` continues a list.
    """

    state: State | None = None
    states: tuple[State, ...] = ()
    kind: str = ""
    owner: str = ""
    text: str = ""
    parent: int | None = None
    schedule: int | None = None
    labels: dict[str, str] = {}
    before: int | None = None
    limit: int = 50


class LogBlock(msgspec.Struct, frozen=True, kw_only=True):
    """Whole lines of a run's output; ``number`` counts from 1 without gaps."""

    number: int
    stream: Stream
    time: int
    text: str


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a metric; times are UTC milliseconds."""

    key: Annotated[str, Meta(min_length=1, max_length=128)]
    value: float
    step: Annotated[int, Meta(ge=-(2**62), le=2**62)] = 0
    time: Annotated[int, Meta(ge=0, le=2**62)] = 0


class Point(Metric, frozen=True, kw_only=True):
    """A value as it is stored; ``id`` is its place in the list."""

    id: int = 0


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Neighbouring values of a metric as one: their mean, the ``low``est and the ``high``est, where they begin."""

    step: int
    time: int
    value: float
    low: float
    high: float


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A metric of a run, thinned out to be drawn: how many values there are, and the last one as it was reported."""

    key: str
    count: int
    last: Point
    samples: tuple[Sample, ...]


class RevisionNode(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="revision"):
    """A revision in the lineage."""

    id: str
    kind: RepositoryKind
    repository: str
    commit: str


class RunNode(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="run"):
    """A run in the lineage; who owns it and what it ran is not told."""

    id: str
    run: int
    name: str
    kind: str
    state: State
    finished_at: int | None = None


class Arrow(msgspec.Struct, frozen=True, kw_only=True):
    """``source`` went into ``target``: node ids; ``name`` is that of the input or output."""

    source: str
    target: str
    name: str


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """Where a revision comes from and what was made of it. ``complete`` is false where it was cut."""

    nodes: list[RevisionNode | RunNode]
    arrows: list[Arrow]
    complete: bool = True
