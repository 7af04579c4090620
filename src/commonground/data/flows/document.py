"""Reads and writes the document of a flow."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import msgspec
import yaml

from commonground.data.flows.model import BROKEN, DROPPED, MAIN, Flow, Gate, Node, Role, Stream
from commonground.errors import InvalidFlow

LIMIT = 256 * 2**10
"""Largest document, in bytes."""
_ROLES: tuple[Role, ...] = ("source", "processor", "sink")
_FIELDS = ("name", "steps", "nodes", "gates", "seed")


def read(text: str) -> Flow:
    """The flow in a YAML document; :class:`InvalidFlow`."""
    if len(text.encode()) > LIMIT:
        raise InvalidFlow(reason=f"it is larger than {LIMIT} bytes")
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidFlow(reason=f"it is not YAML: {' '.join(str(error).split())[:300]}") from None
    if not isinstance(document, dict):
        raise InvalidFlow(reason="it is not a mapping of names to values")
    return parse(document)


def parse(document: Mapping[str, Any]) -> Flow:
    """The flow in plain data: either ``steps``, one after another, or ``nodes`` with names and ``from``."""
    _known(document, _FIELDS, "")
    if ("steps" in document) == ("nodes" in document):
        raise InvalidFlow(reason="it has either `steps` or `nodes`")
    nodes = _steps(document["steps"]) if "steps" in document else _nodes(document["nodes"])
    rest = {name: document[name] for name in ("name", "gates", "seed") if name in document}
    gates = rest.get("gates")
    if isinstance(gates, list):
        rest["gates"] = [gate_of(gate) if isinstance(gate, str) else gate for gate in gates]
    try:
        flow = msgspec.convert({**rest, "nodes": {}}, Flow)
        flow = msgspec.structs.replace(flow, nodes=_ordered(nodes))
        msgspec.json.encode(flow)
    except (msgspec.ValidationError, TypeError, RecursionError, ValueError) as error:
        raise InvalidFlow(reason=str(error).replace(" - at `$.", " - at `")) from None
    _check(flow)
    return flow


def document_of(flow: Flow) -> dict[str, Any]:
    """Plain data that :func:`parse` reads as the same flow."""
    nodes = {name: _plain(node) for name, node in flow.nodes.items()}
    found: dict[str, Any] = {"name": flow.name, "nodes": nodes}
    if flow.gates:
        found["gates"] = [f"{gate.metric} {gate.operator} {gate.threshold}" for gate in flow.gates]
    return found | ({"seed": flow.seed} if flow.seed else {})


def gate_of(text: str) -> Gate:
    """``kept.share >= 0.2``."""
    parts = text.split()
    if len(parts) != 3:
        raise InvalidFlow(reason=f"a gate is `metric operator threshold`, not `{text[:100]}`")
    metric, operator, threshold = parts
    try:
        limit: float | str = float(threshold)
    except ValueError:
        limit = threshold
    try:
        return msgspec.convert({"metric": metric, "operator": operator, "threshold": limit}, Gate)
    except msgspec.ValidationError as error:
        raise InvalidFlow(reason=f"gate `{text[:100]}`: {error}") from None


def _plain(node: Node) -> dict[str, Any]:
    found: dict[str, Any] = {node.role: node.use}
    if node.options:
        found["with"] = node.options
    if node.inputs:
        streams = [str(stream) for stream in node.inputs]
        found["from"] = streams[0] if len(streams) == 1 else streams
    return found


def _steps(steps: Any) -> dict[str, Node]:
    """A list of ``- name: options``; the first is the source, the last the sink, each of the others takes in the one before."""
    if not isinstance(steps, list) or len(steps) < 2:
        raise InvalidFlow(reason="`steps` is a list of at least a source and a sink")
    nodes: dict[str, Node] = {}
    before: str | None = None
    for index, step in enumerate(steps):
        use, options = _step(step)
        role: Role = "source" if index == 0 else "sink" if index == len(steps) - 1 else "processor"
        name = use if use not in nodes else f"{use}_{sum(other.use == use for other in nodes.values()) + 1}"
        nodes[name] = Node(role=role, use=use, options=options, inputs=(Stream(before),) if before else ())
        before = name
    return nodes


def _step(step: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(step, str):
        return step, {}
    if isinstance(step, dict) and len(step) == 1:
        [(use, options)] = step.items()
        if isinstance(options, str):
            options = {"path": options}
        if isinstance(use, str) and isinstance(options, dict | None):
            return use, _options(options or {}, use)
    raise InvalidFlow(reason=f"a step is `name` or `name: options`, not {str(step)[:100]}")


def _nodes(nodes: Any) -> dict[str, Node]:
    if not isinstance(nodes, dict) or not nodes:
        raise InvalidFlow(reason="`nodes` is a mapping of names to nodes")
    return {str(name): _node(str(name), node) for name, node in nodes.items()}


def _node(name: str, node: Any) -> Node:
    if not isinstance(node, dict):
        raise InvalidFlow(reason=f"node {name} is not a mapping")
    _known(node, (*_ROLES, "with", "from"), f"nodes.{name}.")
    roles = [role for role in _ROLES if role in node]
    if len(roles) != 1 or not isinstance(node[roles[0]], str):
        raise InvalidFlow(reason=f"node {name} has one of {', '.join(_ROLES)}, and its name")
    inputs = node.get("from", [])
    inputs = [inputs] if isinstance(inputs, str) else inputs
    if not isinstance(inputs, list) or not all(isinstance(stream, str) for stream in inputs):
        raise InvalidFlow(reason=f"`from` of node {name} is a stream or a list of streams")
    streams = tuple(_stream(text) for text in inputs)
    return Node(role=roles[0], use=node[roles[0]], options=_options(node.get("with") or {}, name), inputs=streams)


def _options(options: Any, where: str) -> dict[str, Any]:
    if not isinstance(options, dict) or not all(isinstance(name, str) for name in options):
        raise InvalidFlow(reason=f"the options of {where} are a mapping of names to values")
    return options


def _stream(text: str) -> Stream:
    node, _, name = text.partition(".")
    if name not in ("", DROPPED, BROKEN):
        raise InvalidFlow(reason=f"{text[:100]} is no stream; a node has `{node}`, `{node}.dropped` or `{node}.broken`")
    return Stream(node, name or MAIN)


def _ordered(nodes: dict[str, Node]) -> dict[str, Node]:
    """Inputs first; among equals in the order they were written."""
    found: dict[str, Node] = {}
    for node in nodes.values():
        for stream in node.inputs:
            if stream.node not in nodes:
                near = get_close_matches(stream.node, nodes, 1, 0.5)
                raise InvalidFlow(
                    reason=f"there is no node {stream.node[:100]}" + (f"; did you mean {near[0]}?" if near else "")
                )
    while len(found) < len(nodes):
        ready = [
            name
            for name, node in nodes.items()
            if name not in found and all(stream.node in found for stream in node.inputs)
        ]
        if not ready:
            raise InvalidFlow(reason=f"{', '.join(name for name in nodes if name not in found)} wait for each other")
        found[ready[0]] = nodes[ready[0]]
    return found


def _check(flow: Flow) -> None:
    if not flow.of_role("source") or not flow.of_role("sink"):
        raise InvalidFlow(reason="a flow has at least one source and one sink")
    for name, node in flow.nodes.items():
        if (node.role == "source") == bool(node.inputs):
            reason = "it takes nothing in" if node.inputs else "`from` is missing"
            raise InvalidFlow(reason=f"{name} is a {node.role}: {reason}")
        for stream in node.inputs:
            _check_stream(flow.nodes[stream.node], stream)
    for name, node in flow.nodes.items():
        if node.role != "sink" and not flow.readers(name):
            raise InvalidFlow(reason=f"nothing takes in what {name} gives")


def _check_stream(giver: Node, stream: Stream) -> None:
    gives = {"source": (MAIN, BROKEN), "processor": (MAIN, DROPPED), "sink": ()}[giver.role]
    if stream.name not in gives:
        raise InvalidFlow(reason=f"{stream.node} is a {giver.role} and gives no {stream.name}")


def _known(given: Mapping[Any, Any], known: tuple[str, ...], where: str) -> None:
    for name in given:
        if name not in known:
            near = get_close_matches(str(name), known, 1, 0.5)
            hint = f"; did you mean {where}{near[0]}?" if near else f"; known are {', '.join(known)}"
            raise InvalidFlow(reason=f"there is no {where}{str(name)[:100]}{hint}")
