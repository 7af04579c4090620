"""Which commit changed a path last."""

from collections.abc import Mapping, Sequence

from commonground.hub.revisions import path_queries
from commonground.hub.revisions.cache import LruCache
from commonground.hub.revisions.entries import Located
from commonground.hub.revisions.object_view import ObjectView
from commonground.hub.revisions.trees import DIRECTORY, TreeEntry, find_entry

WALK_LIMIT = 2_000
Cache = LruCache[tuple[int, bytes, str], bytes]


def last_commits(view: ObjectView, cache: Cache, commit: bytes, found: Sequence[Located]) -> dict[str, bytes]:
    """By path: the last commit, along first parents, that changed it. ``found`` holds paths as they are at ``commit``.

    Where the walk meets a commit the path index is complete for, the index answers. Paths that did not change within
    the last 2,000 commits are left out.
    """
    known = {path: sha for path, _ in found if (sha := cache.get((view.repository_id, commit, path)))}
    wanted = {path: entry for path, entry in found if path not in known}
    if wanted:
        fresh = _walk(view, commit, wanted)
        for path, sha in fresh.items():
            cache.put((view.repository_id, commit, path), sha)
        known |= fresh
    return known


def _walk(view: ObjectView, commit: bytes, wanted: dict[str, TreeEntry]) -> dict[str, bytes]:
    indexed = path_queries.indexed_refs(view.connection, view.repository_id)
    done: dict[str, bytes] = {}
    for _ in range(WALK_LIMIT):
        if ref := indexed.get(commit):
            rows = path_queries.last_commits(view.connection, view.repository_id, ref, commit, list(wanted))
            done |= rows
            wanted = {path: entry for path, entry in wanted.items() if path not in rows}
            if not wanted:
                break
        current = view.commit(commit)
        if not current.parents:
            return done | dict.fromkeys(wanted, commit)
        parent = current.parents[0]
        before = view.commit(parent).tree
        for path in _changed(view, before, current.tree, wanted):
            done[path] = commit
            del wanted[path]
        if not wanted:
            break
        commit = parent
    return done


def _changed(view: ObjectView, before: bytes, after: bytes, wanted: Mapping[str, TreeEntry]) -> Sequence[str]:
    """Those of the paths (with their entries in ``after``) that are something else in ``before``."""
    if before == after:
        return []
    seen: dict[str, TreeEntry | None] = {"": TreeEntry(DIRECTORY, b"", before)}
    return [path for path, entry in wanted.items() if not _same(_entry_at(view, path, seen), entry)]


def _entry_at(view: ObjectView, path: str, seen: dict[str, TreeEntry | None]) -> TreeEntry | None:
    """What a path is; folders on the way are looked up once and kept in ``seen``."""
    if path not in seen:
        folder, _, name = path.rpartition("/")
        above = _entry_at(view, folder, seen)
        seen[path] = find_entry(view.tree(above.sha), name.encode()) if above and above.is_folder else None
    return seen[path]


def _same(one: TreeEntry | None, other: TreeEntry) -> bool:
    return one is not None and (one.mode, one.sha) == (other.mode, other.sha)
