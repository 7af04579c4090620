"""A flow: a typed graph of sources, processors and sinks, joined by streams."""

import hashlib
from typing import Any, Literal

import msgspec

Role = Literal["source", "processor", "sink"]
MAIN = "rows"
DROPPED = "dropped"
BROKEN = "broken"


class Stream(msgspec.Struct, frozen=True):
    """What leaves a node: ``rows`` of any; ``dropped`` of processors; ``broken`` of sources. Written ``node`` or ``node.dropped``."""

    node: str
    name: str = MAIN

    def __str__(self) -> str:
        return self.node if self.name == MAIN else f"{self.node}.{self.name}"


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A component with its options; what it takes in, several streams one after another unless it joins them."""

    role: Role
    use: str
    options: dict[str, Any] = {}
    inputs: tuple[Stream, ...] = ()


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """What the report must say, or nothing is published: ``metric`` ``operator`` ``threshold``."""

    metric: str
    operator: Literal["<", "<=", ">", ">=", "==", "!="]
    threshold: float | str


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """Nodes by name in an order in which inputs come first. Two flows that mean the same have the same :attr:`digest`."""

    name: str = "flow"
    nodes: dict[str, Node]
    gates: tuple[Gate, ...] = ()
    seed: int = 0

    @property
    def digest(self) -> str:
        """SHA-256 of what the flow says, its name left out."""
        content = msgspec.json.encode(msgspec.structs.replace(self, name=""), order="sorted")
        return hashlib.sha256(content).hexdigest()

    def of_role(self, role: Role) -> dict[str, Node]:
        """The nodes of one role."""
        return {name: node for name, node in self.nodes.items() if node.role == role}

    def readers(self, name: str) -> list[str]:
        """The nodes that take in a stream of this one."""
        return [other for other, node in self.nodes.items() if any(stream.node == name for stream in node.inputs)]
