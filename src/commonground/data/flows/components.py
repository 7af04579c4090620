"""Components by the names flows use: entry points, so that any package can bring its own."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from typing import Any

import msgspec

from commonground.data.flows.model import Node, Role
from commonground.errors import InvalidFlow, PackageMissing

GROUPS: Mapping[Role, str] = {
    "source": "commonground.sources",
    "processor": "commonground.processors",
    "sink": "commonground.sinks",
}


@cache
def names(role: Role) -> Mapping[str, str]:
    """``module:Class`` by name."""
    return {point.name: point.value for point in entry_points(group=GROUPS[role])}


def component_class(role: Role, use: str) -> type[Any]:
    """The class a flow means by ``use``; :class:`InvalidFlow`, or :class:`PackageMissing` if it cannot be imported."""
    found = next((point for point in entry_points(group=GROUPS[role]) if point.name == use), None)
    if found is None:
        near = get_close_matches(use, names(role), 1, 0.5)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(names(role)))}"
        raise InvalidFlow(reason=f"there is no {role} {use[:100]}; {hint}")
    try:
        component: type[Any] = found.load()
    except ModuleNotFoundError as error:
        raise PackageMissing(package=error.name, extra="data") from None
    return component


def component(node: Node) -> Any:
    """The component of a node: its class is a msgspec Struct, whose fields are the options."""
    kind = component_class(node.role, node.use)
    fields = kind.__struct_fields__
    for name in node.options:
        if name not in fields:
            near = get_close_matches(name, fields, 1, 0.5)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(fields)}"
            raise InvalidFlow(reason=f"{node.use} has no option {name[:100]}; {hint}")
    try:
        return msgspec.convert(node.options, kind)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise InvalidFlow(reason=f"{node.use}: {error}") from None
