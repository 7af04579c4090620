"""Everything some objects lead to."""

from collections.abc import Iterable

from commonground.hub.revisions import object_queries
from commonground.hub.revisions.object_view import ObjectView
from commonground.hub.revisions.objects import BLOB, COMMIT, TAG, GitObject, decode_commit, decode_tag
from commonground.hub.revisions.trees import GITLINK, parse_tree

BLOCK = 100


def reachable_objects(view: ObjectView, starts: Iterable[bytes]) -> set[bytes]:
    """Ids of all objects that ``starts`` lead to, themselves included, whether they exist or not.

    Bodies pass by without filling the memory cache; what stays in memory is ids, about 100 bytes each.
    """
    seen = set(starts)
    waiting = list(seen)
    while waiting:
        block = [waiting.pop() for _ in range(min(BLOCK, len(waiting)))]
        for item in object_queries.get_objects(view.connection, view.repository_id, block).values():
            folders, files = leads_to(item)
            seen.update(files)
            fresh = set(folders) - seen
            seen |= fresh
            waiting.extend(fresh)
    return seen


def leads_to(item: GitObject) -> tuple[list[bytes], list[bytes]]:
    """What an object names: objects that lead further, and blobs."""
    if item.body is None or item.kind == BLOB:
        return [], []
    if item.kind == COMMIT:
        commit = decode_commit(item.body)
        return [*commit.parents, commit.tree], []
    if item.kind == TAG:
        return [decode_tag(item.body)[0]], []
    entries = [entry for entry in parse_tree(item.body) if entry.mode != GITLINK]
    return (
        [entry.sha for entry in entries if entry.is_folder],
        [entry.sha for entry in entries if not entry.is_folder],
    )
