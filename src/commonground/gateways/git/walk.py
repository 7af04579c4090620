"""Which trees and files a list of commits adds to what the other side has."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from commonground.gateways.git.graph import Graph, MissingObject
from commonground.gateways.git.objects import Objects
from commonground.hub.revisions.objects import EMPTY_TREE, TREE
from commonground.hub.revisions.trees import DIRECTORY, GITLINK, TreeEntry, parse_tree

PREFETCH = 16  # trees read at once: a flat folder of 100,000 files is a tree of 4 MB


class Found(NamedTuple):
    """A tree or file that is new. ``sha`` is raw, ``path`` has no slash at its ends."""

    sha: bytes
    mode: int
    path: bytes


class _Step(NamedTuple):
    sha: bytes
    bases: tuple[bytes, ...]  # trees of the same path that the other side has
    path: bytes


def new_objects(
    objects: Objects, graph: Graph, commits: Sequence[bytes], cut: Collection[bytes] = ()
) -> Iterator[Found]:
    """The trees and files of ``commits`` that their parents lack, each once.

    A parent outside ``commits`` counts as had by the other side, except behind a commit in ``cut`` (a shallow
    boundary). A file that moved is named again: that costs bytes, nothing else. Raises :class:`MissingObject` for a
    tree that does not exist; files are not looked at.
    """
    seen: set[bytes] = set()
    for at in range(0, len(commits), PREFETCH):
        level = [_root(graph, sha, cut) for sha in commits[at : at + PREFETCH]]
        while level:
            below: list[_Step] = []
            for start in range(0, len(level), PREFETCH):
                yield from _expand(objects, level[start : start + PREFETCH], seen, below)
            level = below


def _root(graph: Graph, sha: bytes, cut: Collection[bytes]) -> _Step:
    node = graph.commit(sha)
    bases = () if sha in cut else tuple(graph.commit(parent).tree for parent in node.parents)
    return _Step(node.tree, bases, b"")


def _expand(objects: Objects, steps: Sequence[_Step], seen: set[bytes], below: list[_Step]) -> Iterator[Found]:
    """New entries of some trees; the folders among them are appended to ``below``."""
    steps = [step for step in steps if step.sha not in seen and step.sha not in step.bases]
    bodies = _bodies(objects, {sha for step in steps for sha in (step.sha, *step.bases)})
    for sha, bases, path in steps:
        if sha in seen:
            continue
        seen.add(sha)
        yield Found(sha, DIRECTORY, path)
        had = [entry for base in bases for entry in parse_tree(bodies[base])]
        for entry in set(parse_tree(bodies[sha])).difference(had) if had else parse_tree(bodies[sha]):
            if entry.sha in seen or entry.mode == GITLINK:
                continue
            name = path + b"/" + entry.name if path else entry.name
            if entry.is_folder:
                below.append(_Step(entry.sha, _same_folder(entry, had), name))
            else:
                seen.add(entry.sha)
                yield Found(entry.sha, entry.mode, name)


def _same_folder(entry: TreeEntry, had: Sequence[TreeEntry]) -> tuple[bytes, ...]:
    return tuple({other.sha for other in had if other.name == entry.name and other.is_folder})


def _bodies(objects: Objects, shas: set[bytes]) -> dict[bytes, bytes]:
    bodies = {sha: body for sha, kind, body in objects.read(list(shas)) if kind == TREE}
    if EMPTY_TREE in shas:
        bodies[EMPTY_TREE] = b""
    for sha in shas:
        if sha not in bodies:
            raise MissingObject(sha)
    return bodies
