"""``commonground lineage``: where a revision comes from and what was made of it."""

from commonground.accounts.model import SEGMENTS
from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer, clean
from commonground.compute.runs.model import Graph, RevisionNode, RunNode


def lineage(address: str, *, depth: int = 3, options: Options = DEFAULTS) -> None:
    """Show the runs and revisions before and after a revision.

    Parameters
    ----------
    address
        owner/name[@revision], datasets/owner/name[@revision] or the same with hub:// in front.
    depth
        How many runs to look back and ahead.

    """
    with options.hub() as hub:
        answer(hub.get_lineage(address, depth=depth), options, _lines)


def _lines(graph: Graph) -> None:
    names = {node.id: _name(node) for node in graph.nodes}
    if not graph.arrows:
        print(f"{names[graph.nodes[0].id]}: no run made it or used it")
    for arrow in graph.arrows:
        print(clean(f"{names[arrow.source]} -> {names[arrow.target]}  ({arrow.name})"))
    if not graph.complete:
        print("there is more than is shown")


def _name(node: RevisionNode | RunNode) -> str:
    if isinstance(node, RevisionNode):
        return f"{SEGMENTS[node.kind]}/{node.repository}@{node.commit[:12]}"
    return f"run {node.run} ({node.name}, {node.state})"
