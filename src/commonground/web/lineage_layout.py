"""Layered drawing of a directed graph (Sugiyama, Tagawa and Toda, 1981), top to bottom: layers by the longest way from
a source, order within a layer by the mean place of the neighbours, bends where an arrow passes a layer.
"""

import itertools
from collections.abc import Mapping, Sequence

import msgspec

NODE_WIDTH, NODE_HEIGHT = 200.0, 46.0
GAP, BEND_WIDTH, LAYER_HEIGHT, MARGIN = 18.0, 24.0, 92.0, 6.0
SWEEPS = 8

_Arrow = tuple[str, str]
_Key = tuple[str, ...]


class Box(msgspec.Struct, frozen=True):
    """Where a node is: its upper left corner."""

    x: float
    y: float


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """A graph in a plane of ``width`` x ``height``: a box for each node, the data of an SVG path for each arrow."""

    width: float
    height: float
    boxes: Mapping[str, Box]
    paths: Mapping[tuple[str, str], str]


def draw(nodes: Sequence[str], arrows: Sequence[_Arrow]) -> Drawing:
    """The drawing of a graph. What would close a circle is drawn upwards; an arrow to itself is left out."""
    known = set(nodes)
    kept = list(dict.fromkeys((a, b) for a, b in arrows if a != b and a in known and b in known))
    ranks = layers(nodes, kept)
    chains = {arrow: _chain(*arrow, ranks) for arrow in kept}
    order = _ordered(_filled(nodes, ranks, chains), chains)
    places, width = _placed(order)
    boxes = {node: Box(round(places["node", node] - NODE_WIDTH / 2, 1), MARGIN + ranks[node] * LAYER_HEIGHT)
             for node in nodes}  # fmt: skip
    return Drawing(
        width=width,
        height=2 * MARGIN + (len(order) - 1) * LAYER_HEIGHT + NODE_HEIGHT,
        boxes=boxes,
        paths={arrow: _path(chain, arrow, places, ranks) for arrow, chain in chains.items()},
    )


def layers(nodes: Sequence[str], arrows: Sequence[_Arrow]) -> dict[str, int]:
    """The layer of each node, from 0: below everything that points to it, except along arrows that close a circle."""
    ahead: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in arrows:
        ahead[source].append(target)
    ranks = dict.fromkeys(nodes, 0)
    for node in reversed(_finished(nodes, ahead)):
        for target in ahead[node]:
            ranks[target] = max(ranks[target], ranks[node] + 1)
    return ranks


def _finished(nodes: Sequence[str], ahead: dict[str, list[str]]) -> list[str]:
    """The nodes in the order a search in depth leaves them; takes out of ``ahead`` what leads back to where it came from."""
    state: dict[str, int] = {}
    finished: list[str] = []
    for root in nodes:
        stack = [] if root in state else [root]
        while stack:
            node = stack[-1]
            if state.get(node) is None:
                state[node] = 1
                ahead[node] = [target for target in ahead[node] if state.get(target) != 1]
                stack += [target for target in ahead[node] if target not in state]
            else:
                stack.pop()
                if state[node] == 1:
                    state[node] = 2
                    finished.append(node)
    return finished


def _chain(source: str, target: str, ranks: Mapping[str, int]) -> list[_Key]:
    """The places an arrow goes through, from its upper end to its lower one."""
    upper, lower = (source, target) if ranks[source] <= ranks[target] else (target, source)
    bends: list[_Key] = [("bend", source, target, str(rank)) for rank in range(ranks[upper] + 1, ranks[lower])]
    return [("node", upper), *bends, ("node", lower)]


def _filled(nodes: Sequence[str], ranks: Mapping[str, int], chains: Mapping[_Arrow, list[_Key]]) -> list[list[_Key]]:
    rows: list[list[_Key]] = [[] for _ in range(max(ranks.values(), default=0) + 1)]
    for node in nodes:
        rows[ranks[node]].append(("node", node))
    for (source, target), chain in chains.items():
        top = min(ranks[source], ranks[target])
        for depth, bend in enumerate(chain[1:-1], 1):
            rows[top + depth].append(bend)
    return rows


def _ordered(rows: list[list[_Key]], chains: Mapping[_Arrow, list[_Key]]) -> list[list[_Key]]:
    """Sweeps down and up, each layer in the order of the mean place of what its members are tied to in the one before."""
    above: dict[_Key, list[_Key]] = {}
    below: dict[_Key, list[_Key]] = {}
    for chain in chains.values():
        for upper, lower in itertools.pairwise(chain):
            below.setdefault(upper, []).append(lower)
            above.setdefault(lower, []).append(upper)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        sequence = range(1, len(rows)) if down else range(len(rows) - 2, -1, -1)
        for number in sequence:
            _sort(rows[number], rows[number - 1 if down else number + 1], above if down else below)
    return rows


def _sort(row: list[_Key], fixed: Sequence[_Key], ties: Mapping[_Key, list[_Key]]) -> None:
    place = {key: (index + 0.5) / len(fixed) for index, key in enumerate(fixed)}
    own = {key: (index + 0.5) / len(row) for index, key in enumerate(row)}

    def mean(key: _Key) -> float:
        found = [place[other] for other in ties.get(key, ()) if other in place]
        return sum(found) / len(found) if found else own[key]

    row.sort(key=mean)


def _placed(rows: Sequence[Sequence[_Key]]) -> tuple[dict[_Key, float], float]:
    """The middle of everything, with each layer in the middle of the drawing; and its width."""
    widths = [sum(map(_width, row)) + GAP * (len(row) - 1) for row in rows]
    whole = max(widths, default=0.0) + 2 * MARGIN
    places: dict[_Key, float] = {}
    for row, width in zip(rows, widths, strict=True):
        left = (whole - width) / 2
        for key in row:
            places[key] = left + _width(key) / 2
            left += _width(key) + GAP
    return places, whole


def _width(key: _Key) -> float:
    return NODE_WIDTH if key[0] == "node" else BEND_WIDTH


def _path(chain: Sequence[_Key], arrow: _Arrow, places: Mapping[_Key, float], ranks: Mapping[str, int]) -> str:
    """Curves that leave and enter a layer straight down; drawn from the source, so that its end has the head."""
    top = MARGIN + min(ranks[arrow[0]], ranks[arrow[1]]) * LAYER_HEIGHT
    points: list[tuple[float, float]] = []
    for depth, key in enumerate(chain):
        y = top + depth * LAYER_HEIGHT
        points += [(places[key], y), (places[key], y + NODE_HEIGHT)]
    points = points[1:-1]
    if ranks[arrow[0]] > ranks[arrow[1]]:
        points.reverse()
    text = f"M{points[0][0]:g} {points[0][1]:g}"
    for number, ((x0, y0), (x1, y1)) in enumerate(itertools.pairwise(points)):
        middle = (y0 + y1) / 2
        text += f"L{x1:g} {y1:g}" if number % 2 else f"C{x0:g} {middle:g} {x1:g} {middle:g} {x1:g} {y1:g}"
    return text
