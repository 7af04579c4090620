"""From a spec in YAML to the numbers the planner works with."""

import difflib
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from commonground.compute.planner.model import Link, Workload
from commonground.compute.planner.units import BANDWIDTH, NUMBER, SIZE, TIME, quantity
from commonground.errors import InvalidSpec
from commonground.hub.cards.front_matter import UnreadableBlock, parse_block

Read = Callable[[Any], Any]

_time: Read = partial(quantity, units=TIME)
_size: Read = partial(quantity, units=SIZE)
_number: Read = partial(quantity, units=NUMBER)


def _whole(value: Any) -> int:
    found = quantity(value, NUMBER)
    if not math.isfinite(found) or found != int(found):
        raise ValueError(f"{value} is not a whole number")
    return int(found)


def _same(value: Any) -> Any:
    return value


PLAN: dict[str, tuple[str, Read]] = {
    "parameters": ("parameters", _number),
    "batch": ("batch", _whole),
    "samples": ("samples", _whole),
    "epochs": ("epochs", _number),
    "fixed": ("fixed", _time),
    "per_sample": ("per_sample", _time),
    "flops": ("flops", _number),
    "deviation": ("deviation", _number),
    "overlap": ("gamma", _number),
    "transport": ("transport", _same),
    "stable_learning_rate": ("stable_learning_rate", _number),
    "checkpoint": ("checkpoint", _time),
    "mtbf": ("mtbf", _time),
    "restart": ("restart", _time),
    "price": ("price", _number),
    "maximize": ("maximize", _same),
    "deadline": ("deadline", _time),
    "max_workers": ("max_workers", _whole),
}
"""Names in the section ``plan``: field of the workload, and how the value is read."""

PS: dict[str, tuple[str, Read]] = {
    "codec": ("codec", _same),
    "top_k": ("top_k", _number),
    "chunk": ("chunk", _size),
    "lr": ("learning_rate", _number),
    "optimizer": ("optimizer", _same),
}
RESOURCES: dict[str, tuple[str, Read]] = {
    "workers": ("workers", _whole),
    "servers": ("servers", _whole),
    "cpus": ("cpus", _number),
}
OPTIONS: dict[str, tuple[str, Read]] = {
    "epochs": ("steps", _number),
    "clients": ("clients", _whole),
    "clipping": ("clipping", _number),
    "round_cost": ("round_cost", _time),
}
"""Of federated runs."""


def read_workload(text: str) -> Workload:
    """The workload of a spec in YAML; :class:`InvalidSpec` as :func:`workload_of`."""
    try:
        document = parse_block(text)
    except UnreadableBlock as error:
        raise InvalidSpec(reason=error) from None
    return workload_of(document)


def workload_of(document: Mapping[str, Any]) -> Workload:
    """The workload of a spec. Raises :class:`InvalidSpec`, which names the place and the nearest known name.

    The sections ``plan`` and ``plan.link`` belong to the planner and are read strictly; of the others it takes what
    it knows.
    """
    plan = dict(_section(document, "plan"))
    link = _link(plan.pop("link", None))
    fields = _values("plan", plan, PLAN, strict=True)
    ps = _section(document, "ps")
    fields |= _values("ps", ps, PS) | _values("resources", _section(document, "resources"), RESOURCES)
    if not fields.get("servers"):  # a kind without servers, or one whose number is to be chosen
        fields.pop("servers", None)
    fields |= _values("options", _section(document, "options"), OPTIONS)
    fields["scale"] = _section(ps, "staleness").get("scale", "none")
    fields["kind"] = document.get("kind", "ps-sync")
    if link is not None:
        fields |= {"link": link, "shared": False}
    if "parameters" not in fields:
        raise InvalidSpec(reason="plan.parameters, the number of parameters of the model, is needed")
    return _checked(fields)


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name) or {}
    if not isinstance(found, dict):
        raise InvalidSpec(reason=f"{name} must be a mapping of names to values")
    return found


def _values(
    section: str, given: Mapping[str, Any], known: dict[str, tuple[str, Read]], *, strict: bool = False
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name in known:
            field, read = known[name]
            try:
                found[field] = read(value)
            except (ValueError, OverflowError) as error:
                raise InvalidSpec(reason=f"{section}.{name}: {error}") from None
        elif strict:
            raise InvalidSpec(reason=_unknown(section, name, [*known, "link"]))
    return found


def _unknown(section: str, name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1, 0.0)
    return f"{section}.{name[:80]} is not known; the nearest is {section}.{near[0]}"


def _link(given: Any) -> Link | None:
    if given is None:
        return None
    if not isinstance(given, dict) or not {"bandwidth"} <= set(given) <= {"bandwidth", "latency"}:
        raise InvalidSpec(reason="plan.link is a mapping of bandwidth and latency")
    try:
        bandwidth = quantity(given["bandwidth"], BANDWIDTH)
        return msgspec.convert({"bandwidth": bandwidth, "latency": quantity(given.get("latency", "100us"), TIME)}, Link)
    except (ValueError, OverflowError) as error:  # msgspec's ValidationError is a ValueError
        raise InvalidSpec(reason=f"plan.link: {error}") from None


def _checked(fields: dict[str, Any]) -> Workload:
    try:
        if isinstance(fields.get("link"), Link):
            fields["link"] = msgspec.to_builtins(fields["link"])
        found = msgspec.convert(fields, Workload)
    except msgspec.ValidationError as error:
        raise InvalidSpec(reason=str(error).replace("$.", "plan: ")) from None
    if not (found.fixed or found.per_sample or found.flops):
        raise InvalidSpec(reason="plan needs fixed and per_sample, seconds measured at two batch sizes, or flops")
    return found
