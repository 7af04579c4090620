"""Where a revision comes from and what was made of it: a drawing, and the same as a list."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.compute.runs.model import Graph, RevisionNode, RunNode
from commonground.compute.runs.service import Runs
from commonground.http.routing import Route
from commonground.hub.revisions.service import Revisions
from commonground.web.door import Door, templates
from commonground.web.lineage_layout import draw
from commonground.web.links import Name, revision_url
from commonground.web.site import Site

DEPTHS = (1, 3, 6)
"""Runs between the revision and what is shown, the second unless asked otherwise."""
MOST_DRAWN = 80
"""Larger graphs are shown as a list only."""
LABEL = 28
"""Characters that fit into a box."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A node for people. ``href`` is empty for a run the visitor may not look at; ``here``: what was asked about."""

    title: str
    detail: str
    href: str
    kind: str
    state: str = ""
    here: bool = False


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """A node of the list, by the ``name`` of the input or output it is reached by, and what lies beyond it; ``again``:
    it is shown elsewhere, nearer.
    """

    node: Shown
    name: str
    branches: Sequence["Branch"] = ()
    again: bool = False


class LineagePages:
    """``/lineage`` and ``/lineage/{revision}`` of a repository."""

    def __init__(self, site: Site, door: Door, revisions: Revisions, runs: Runs) -> None:
        self._site, self._door, self._revisions, self._runs = site, door, revisions, runs

    def routes(self) -> list[Route]:
        """The routes of these pages."""
        return [
            self._site.route("GET", path, self.show, "Where a revision comes from")
            for tail in ("/lineage", "/lineage/{revision}")
            for path in templates(tail)
        ]

    async def show(self, request: Request) -> Response:
        """The graph around a revision."""
        opened = await self._door.open(request)
        repository = opened.repository
        revision = request.path_params.get("revision", repository.default_branch)
        depth = next((depth for depth in DEPTHS if str(depth) == request.query_params.get("depth")), DEPTHS[1])
        commit = await self._revisions.resolve(repository, revision)
        graph = await self._runs.lineage(opened.principal, repository, commit, depth)
        visible = await self._runs.visible(
            opened.principal, [node.run for node in graph.nodes if isinstance(node, RunNode)]
        )
        here = f"revision:{repository.id}:{commit}"
        nodes = {node.id: _shown(node, visible, here) for node in graph.nodes}
        refs = await self._revisions.refs(repository)
        return await self._site.page(
            request,
            "repository/lineage.html",
            opened=opened,
            repository=repository,
            revision=revision,
            commit=commit,
            depth=depth,
            depths=DEPTHS,
            complete=graph.complete,
            nodes=nodes,
            drawing=draw(list(nodes), _pairs(graph)) if 1 < len(nodes) <= MOST_DRAWN else None,
            before=tree(here, nodes, graph, backwards=True),
            after=tree(here, nodes, graph, backwards=False),
            branches=[ref for ref in refs if ref.name.startswith("refs/heads/")],
            tags=[ref for ref in refs if ref.name.startswith("refs/tags/")],
        )


def _pairs(graph: Graph) -> list[tuple[str, str]]:
    return [(arrow.source, arrow.target) for arrow in graph.arrows]


def _shown(node: RevisionNode | RunNode, visible: Iterable[int], here: str) -> Shown:
    if isinstance(node, RunNode):
        href = f"/runs/{node.run}" if node.run in visible else ""
        return Shown(title=node.name, detail=f"#{node.run} · {node.kind}", href=href, kind="run", state=node.state)
    return Shown(
        title=node.repository,
        detail=node.commit[:8],
        href=revision_url(Name(node.kind, node.repository), "lineage", node.commit),
        kind=node.kind,
        here=node.id == here,
    )


def tree(start: str, nodes: Mapping[str, Shown], graph: Graph, *, backwards: bool) -> list[Branch]:
    """What leads to ``start``, or away from it, as branches: each node where it is nearest, named only where it is met
    again. So branches are no deeper than the lineage that was asked for.
    """
    ties: dict[str, list[tuple[str, str]]] = {}
    for arrow in graph.arrows:
        near, far = (arrow.target, arrow.source) if backwards else (arrow.source, arrow.target)
        ties.setdefault(near, []).append((arrow.name, far))
    nearest: dict[str, str] = {start: ""}
    waiting = deque([start])
    while waiting:
        place = waiting.popleft()
        new = [far for _, far in ties.get(place, []) if far not in nearest]
        nearest |= dict.fromkeys(new, place)
        waiting += dict.fromkeys(new)

    def grown(place: str) -> list[Branch]:
        return [
            Branch(
                node=nodes[far],
                name=name,
                branches=grown(far) if nearest[far] == place else (),
                again=nearest[far] != place,
            )
            for name, far in ties.get(place, [])
        ]

    return grown(start)
