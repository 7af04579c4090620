"""Shallow histories: where the history of a client ends, and where it shall end."""

from collections.abc import Iterable
from typing import NamedTuple

from commonground.errors import BadRequest
from commonground.gateways.git.fetch import FetchRequest
from commonground.gateways.git.graph import Graph


class Boundary(NamedTuple):
    """Commits at which the history newly ends, commits at which it ends no longer, and all ends afterwards."""

    shallow: list[bytes]
    unshallow: list[bytes]
    ends: set[bytes]


def boundary(graph: Graph, tips: list[bytes], request: FetchRequest, excluded: Iterable[bytes]) -> Boundary:
    """The ends of the history that ``request`` asks for. ``excluded`` are the commits behind ``request.exclude``."""
    if not request.deepens:
        return Boundary([], [], request.shallow)
    if request.since or request.exclude:
        visible, ends = _by_selection(graph, tips, request.since, set(graph.ancestors(excluded)))
    elif request.relative:
        visible, ends = _by_depth(graph, sorted(request.shallow), request.depth + 1)
    else:
        visible, ends = _by_depth(graph, tips, request.depth)
    unshallow = sorted(sha for sha in request.shallow if sha in visible and sha not in ends)
    kept = request.shallow.difference(unshallow)
    return Boundary(sorted(ends - request.shallow), unshallow, ends | kept)


def _by_depth(graph: Graph, tips: list[bytes], depth: int) -> tuple[set[bytes], set[bytes]]:
    visible: set[bytes] = set()
    ends: set[bytes] = set()
    level = set(tips)
    for _ in range(depth):
        visible |= level
        below = {parent for sha in level for parent in graph.commit(sha).parents} - visible
        if not below:
            return visible, set()
        ends, level = level, below
    return visible, {sha for sha in ends if graph.commit(sha).parents}


def _by_selection(graph: Graph, tips: list[bytes], since: int, hidden: set[bytes]) -> tuple[set[bytes], set[bytes]]:
    def selected(sha: bytes) -> bool:
        return sha not in hidden and graph.commit(sha).date >= since

    visible: set[bytes] = set()
    stack = [sha for sha in tips if selected(sha)]
    while stack:
        sha = stack.pop()
        if sha not in visible:
            visible.add(sha)
            stack += [parent for parent in graph.commit(sha).parents if selected(parent)]
    if not visible:
        raise BadRequest(reason="no commits selected for the shallow request")
    return visible, {sha for sha in visible if any(parent not in visible for parent in graph.commit(sha).parents)}
