"""The sections of a specification that are training's, as types. What cannot be meant is an :class:`InvalidSpec`."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from commonground.compute.runs.model import DataServers, Fault, Resources
from commonground.compute.runs.units import bytes_of
from commonground.errors import BadRequest, InvalidSpec
from commonground.training.parameter_server.configuration import Aggregate, CodecName, Mode, Options, StalenessScale
from commonground.training.parameter_server.optimizer import Optimizer
from commonground.training.privacy.plan import PrivacyPlan
from commonground.training.privacy.plan import plan_of as privacy_plan

S = TypeVar("S", bound=msgspec.Struct)

HEARTBEAT = 10.0
"""Seconds without a sign of life after which a process is taken for frozen, unless ``fault.heartbeat`` says otherwise."""
Count = Annotated[int, Meta(ge=1, le=2**40)]


class Training(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The section ``options``: how long, and what happens every so often.

    ``batch`` is of one worker. ``steps``, where given, ends the training in place of ``epochs``. ``evaluate_every`` counts epochs, or steps
    where there are no rows; ``checkpoint_every`` steps of a server, 0: never. ``program`` is the program's own.
    """

    epochs: Count = 1
    steps: Count | None = None
    batch: Annotated[int, Meta(ge=1, le=2**31)] = 32
    evaluate_every: Count = 1
    checkpoint_every: Annotated[int, Meta(ge=0)] = 100
    program: dict[str, Any] = {}


class Staleness(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``ps.staleness``, of ps-async: how many steps a worker may be ahead, and by what stale gradients are divided."""

    bound: Annotated[int, Meta(ge=0)] | None = None
    scale: StalenessScale = "none"


class Servers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The section ``ps``: how the servers work. ``chunk`` is in bytes. ``n_push``, ``n_fetch`` (steps between exchanges) and ``warm_start``
    (steps worker 0 is ahead of the others) are Downpour's, of ps-async.
    """

    optimizer: Literal["sgd", "momentum", "adagrad", "adam"] = "sgd"
    lr: Annotated[float, Meta(gt=0)] | None = None
    momentum: float | None = None
    beta1: float | None = None
    beta2: float | None = None
    epsilon: float | None = None
    aggregate: Aggregate = "sum"
    codec: CodecName = "fp32"
    top_k: float = 0.01
    chunk: int = 2 * 2**20
    staleness: Staleness = Staleness()
    shared_memory: bool = True
    n_push: Count = 1
    n_fetch: Count = 1
    warm_start: Annotated[int, Meta(ge=0)] = 0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A specification as a parameter-server run takes it."""

    mode: Mode
    entry: str
    seed: int
    workers: int
    training: Training
    servers: Servers
    options: Options
    shards: int
    heartbeat: float
    data: DataServers = DataServers()
    private: PrivacyPlan | None = None

    @property
    def leases(self) -> bool:
        """Whether data servers lend the rows to whoever is ready, in place of each worker's own part."""
        return self.mode == "async" and self.data.servers > 0 and self.training.steps is None

    @property
    def share(self) -> int:
        """Rows that are lent to a worker at a time: as many batches as are read ahead."""
        return self.training.batch * self.data.prefetch


def section(specification: Mapping[str, Any], name: str, kind: type[S]) -> S:
    """A section of a specification; :class:`InvalidSpec` for an unknown name or a value that cannot be meant."""
    return _converted(specification.get(name) or {}, name, kind)


def plan_of(specification: Mapping[str, Any], seed: int) -> Plan:
    """Everything a parameter-server run is told; :class:`InvalidSpec`."""
    mode: Mode = "async" if specification["kind"] == "ps-async" else "sync"
    ps = dict(specification.get("ps") or {})
    if "chunk" in ps:
        ps["chunk"] = bytes_of(ps["chunk"], "ps.chunk")
    training, servers = section(specification, "options", Training), _converted(ps, "ps", Servers)
    resources = msgspec.convert(specification["resources"], Resources)
    heartbeat = msgspec.convert(specification["fault"], Fault).heartbeat or HEARTBEAT
    data = msgspec.convert(specification.get("data") or {}, DataServers)
    _check(specification, mode, servers, resources)
    return Plan(
        mode=mode,
        entry=specification["entry"],
        seed=seed,
        workers=resources.workers,
        training=training,
        servers=servers,
        options=_options(mode, training, servers, resources.workers, heartbeat),
        shards=resources.servers,
        heartbeat=heartbeat,
        data=data,
        private=_private(specification, data),
    )


def _private(specification: Mapping[str, Any], data: DataServers) -> PrivacyPlan | None:
    found = privacy_plan(specification)
    if found is not None and found.privacy.mode != "example":
        raise InvalidSpec(reason="privacy.mode: the parameter server protects examples, not clients")
    if found is not None and data.servers:
        raise InvalidSpec(reason="data.servers: the workers of a private run draw their rows themselves")
    return found


def _check(specification: Mapping[str, Any], mode: Mode, servers: Servers, resources: Resources) -> None:
    for wrong, reason in [
        (not specification.get("entry"), "`entry` names the function that makes the program"),
        (resources.servers < 1, "a parameter server needs `resources.servers` of at least 1"),
        (len(specification["outputs"]) > 1, "a program has one output"),
        (mode == "sync" and servers.staleness != Staleness(), "ps.staleness is of ps-async"),
        (mode == "sync" and servers.n_push * servers.n_fetch > 1, "ps.n_push and ps.n_fetch are of ps-async"),
        (mode == "sync" and servers.warm_start, "ps.warm_start is of ps-async"),
        (mode == "async" and servers.aggregate == "mean", "ps.aggregate is of ps-sync"),
    ]:
        if wrong:
            raise InvalidSpec(reason=reason)


def _options(mode: Mode, training: Training, servers: Servers, workers: int, heartbeat: float) -> Options:
    try:
        return Options(
            mode=mode,
            aggregate=servers.aggregate,
            optimizer=optimizer_of(servers),
            workers=workers,
            codec=servers.codec,
            top_k=servers.top_k,
            chunk=max(1, servers.chunk // 4),
            staleness_scale=servers.staleness.scale,
            staleness_bound=servers.staleness.bound,
            heartbeat=heartbeat,
            elastic=False,
            snapshot_every=training.checkpoint_every,
        )
    except BadRequest as error:
        raise InvalidSpec(reason=f"ps: {error}") from None


def optimizer_of(servers: Servers) -> Optimizer:
    """The optimizer with what of it is given; a number that is another optimizer's is an unknown name."""
    own = {name: getattr(servers, name) for name in ("momentum", "beta1", "beta2", "epsilon")}
    given = {"learning_rate": servers.lr, **own}
    named = {"name": servers.optimizer, **{name: value for name, value in given.items() if value is not None}}
    kind = next(kind for kind in Optimizer.__args__ if kind.__struct_config__.tag == servers.optimizer)
    _check_names(named.keys() - {"name"}, f"ps (with optimizer {servers.optimizer})", kind)
    return msgspec.convert(named, Optimizer)  # type: ignore[no-any-return]


def _converted(given: Any, where: str, kind: type[S]) -> S:
    if not isinstance(given, Mapping):
        raise InvalidSpec(reason=f"{where} is a mapping of names to values")
    _check_names(given, where, kind)
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise InvalidSpec(reason=f"{where}: {str(error).replace(' - at `$.', f' - at `{where}.')}") from None


def _check_names(given: Any, where: str, kind: type[msgspec.Struct]) -> None:
    for name in given:
        if name not in kind.__struct_fields__:
            near = get_close_matches(str(name), kind.__struct_fields__, 1, 0.5)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(kind.__struct_fields__)}"
            raise InvalidSpec(reason=f"{where} has no {str(name)[:100]}; {hint}")
