"""What a specification says about training by all-reduce."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from commonground.compute.runs.model import Fault
from commonground.errors import InvalidSpec
from commonground.training.options import HEARTBEAT, Count, Servers, Training, optimizer_of, section
from commonground.training.parameter_server.optimizer import Optimizer


class DiLoCo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Workers train ``inner_steps`` steps by themselves; what moved them, averaged, is the gradient of an outer step with
    Nesterov momentum (Douillard et al. 2023, whose values are the defaults).
    """

    inner_steps: Count = 500
    outer_learning_rate: Annotated[float, Meta(gt=0, le=10)] = 0.7
    outer_momentum: Annotated[float, Meta(ge=0, lt=1)] = 0.9


class Options(Training, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The section ``options``. Gradients are averaged in each step, or, with ``local_steps`` (local SGD, Stich 2019) and
    ``diloco``, parameters every so many steps. ``decay``: the learning rate falls linearly, to 0 after the last step.
    """

    decay: bool = False
    local_steps: Annotated[int, Meta(ge=0)] = 0
    diloco: DiLoCo | None = None

    @property
    def outer(self) -> DiLoCo | None:
        """How parameters are averaged every so many steps; ``None`` where gradients are, in each. Local SGD is DiLoCo
        with an outer step that goes all the way.
        """
        if self.local_steps:
            return DiLoCo(inner_steps=self.local_steps, outer_learning_rate=1.0, outer_momentum=0.0)
        return self.diloco


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A specification as a run of this kind takes it. ``heartbeat`` and ``timeout`` are seconds."""

    options: Options
    optimizer: Optimizer
    seed: int
    heartbeat: float = HEARTBEAT
    timeout: float = 86_400.0


def plan_of(specification: Mapping[str, Any], seed: int) -> Plan:
    """Everything a run is told; :class:`InvalidSpec`. The optimizer is that of the section ``ps``, so that a
    specification changes its kind and nothing else; the rest of the section is for servers.
    """
    options, servers = section(specification, "options", Options), section(specification, "ps", Servers)
    fault = msgspec.convert(specification["fault"], Fault)
    for wrong, reason in [
        (not specification.get("entry"), "`entry` names the function that makes the program, `run` a command"),
        (options.local_steps and options.diloco, "options.local_steps and options.diloco exclude each other"),
        (specification["resources"].get("servers"), "all-reduce has no servers"),
        ("aggregate" in (specification.get("ps") or {}) and servers.aggregate == "sum", "all-reduce takes the mean"),
        (len(specification["outputs"]) > 1, "a program has one output"),
        (specification.get("privacy"), "all-reduce keeps no privacy budget"),
    ]:
        if wrong:
            raise InvalidSpec(reason=reason)
    return Plan(
        options=options,
        optimizer=optimizer_of(servers),
        seed=seed,
        heartbeat=fault.heartbeat or HEARTBEAT,
        timeout=fault.timeout,
    )
