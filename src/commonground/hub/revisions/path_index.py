"""Keeps ``path_entry`` equal to the tree at the head of the default branch, with the last commit of every path.

A commit or a small push brings the index along in its own transaction. Anything else leaves it behind, for a task to
build anew; readers walk trees where the index is not of the commit they want.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from commonground.hub.revisions import path_queries
from commonground.hub.revisions.differences import Difference, compare_trees
from commonground.hub.revisions.object_view import ObjectView
from commonground.hub.revisions.path_queries import IndexedPath

ROWS_LIMIT = 20_000
COMMITS_LIMIT = 1_000


class IndexDelta(NamedTuple):
    """What leads from the index of commit ``base`` (``None``: from nothing) to that of ``target``."""

    base: bytes | None
    target: bytes
    put: list[IndexedPath]
    removed: list[str]


def plan_delta(
    view: ObjectView, base: bytes | None, target: bytes, rows: int = ROWS_LIMIT, commits: int = COMMITS_LIMIT
) -> IndexDelta | None:
    """The delta between two commits along first parents; ``None`` if ``base`` is not found there or it is too large."""
    chain = _first_parents(view, target, base, commits)
    if chain is None:
        return None
    changes: dict[str, IndexedPath | None] = {}
    for commit, parent in reversed(chain):
        for difference in _commit_differences(view, commit, parent):
            changes[difference.path] = _indexed(difference, commit)
            if len(changes) > rows:
                return None
    return _delta(base, target, changes)


def step_delta(base: bytes, target: bytes, differences: Sequence[Difference]) -> IndexDelta | None:
    """The delta of one commit, from what differs between its parent and itself."""
    if len(differences) > ROWS_LIMIT:
        return None
    return _delta(base, target, {found.path: _indexed(found, target) for found in differences})


def apply_delta(connection: Connection, repository_id: int, ref: str, delta: IndexDelta | None) -> bool:
    """Bring the index along; ``False`` if it is not where the delta starts: it stays right for where it is."""
    indexed = path_queries.indexed_commit(connection, repository_id, ref)
    if delta is None or indexed != delta.base:
        return False
    if delta.base is None:
        path_queries.clear_paths(connection, repository_id, ref)
    path_queries.remove_paths(connection, repository_id, ref, delta.removed)
    path_queries.put_paths(connection, repository_id, ref, delta.put)
    path_queries.set_indexed(connection, repository_id, ref, delta.target)
    return True


def full_index(view: ObjectView, head: bytes) -> list[IndexedPath]:
    """Every path at ``head`` with the commit that changed it last, by walking the history as far as it takes."""
    tree = view.commit(head).tree
    open_paths = {found.path: found.after for found in compare_trees(view, None, tree) if found.after}
    done: list[IndexedPath] = []
    commit: bytes | None = head
    while commit and open_paths:
        parents = view.commit(commit).parents
        parent = parents[0] if parents else None
        for path, *_ in _commit_differences(view, commit, parent):
            if entry := open_paths.pop(path, None):
                done.append(IndexedPath(path, entry.mode, entry.sha, commit))
        commit = parent
    return done


def _first_parents(
    view: ObjectView, start: bytes, stop: bytes | None, limit: int
) -> list[tuple[bytes, bytes | None]] | None:
    """Commits and their first parents from ``start`` until ``stop`` is reached, newest first."""
    chain: list[tuple[bytes, bytes | None]] = []
    commit: bytes | None = start
    while commit != stop:
        if commit is None or len(chain) == limit:
            return None
        parents = view.commit(commit).parents
        chain.append((commit, parents[0] if parents else None))
        commit = chain[-1][1]
    return chain


def _commit_differences(view: ObjectView, commit: bytes, parent: bytes | None) -> Iterable[Difference]:
    before = view.commit(parent).tree if parent else None
    return compare_trees(view, before, view.commit(commit).tree)


def _delta(base: bytes | None, target: bytes, changes: dict[str, IndexedPath | None]) -> IndexDelta:
    put = [path for path in changes.values() if path]
    return IndexDelta(base, target, put, [name for name, path in changes.items() if path is None])


def _indexed(difference: Difference, commit: bytes) -> IndexedPath | None:
    entry = difference.after
    return IndexedPath(difference.path, entry.mode, entry.sha, commit) if entry else None


def batches(paths: list[IndexedPath], size: int) -> Iterator[list[IndexedPath]]:
    """``paths`` in parts of ``size``."""
    return (paths[start : start + size] for start in range(0, len(paths), size))
