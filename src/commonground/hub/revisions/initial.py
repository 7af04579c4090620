"""The first commit of a repository, and commits that have no parent."""

from collections.abc import Mapping

from sqlalchemy import Connection

from commonground.hub.revisions import object_queries, ref_queries
from commonground.hub.revisions.cache import LruCache
from commonground.hub.revisions.editing import Folder
from commonground.hub.revisions.object_view import ObjectView
from commonground.hub.revisions.objects import BLOB, COMMIT, encode_commit, make_object
from commonground.hub.revisions.path_index import apply_delta, plan_delta
from commonground.hub.revisions.paths import split_path
from commonground.hub.revisions.pending import Pending
from commonground.hub.revisions.refnames import HEADS
from commonground.hub.revisions.trees import FILE

TITLE = "initial commit"


def write_initial_commit(
    connection: Connection,
    repository_id: int,
    author_name: str,
    author_email: str,
    files: Mapping[str, bytes],
    now: int,
) -> str:
    """Write the first commit of a new repository, with ``files`` (path to content, small), and point its default
    branch at it. Belongs into the transaction that creates the repository. Returns the commit, 40 hex digits.
    """
    root = Folder(lambda _: b"", None)
    blobs = {path: make_object(BLOB, content) for path, content in files.items()}
    for path, blob in blobs.items():
        root.put(split_path(path), FILE, blob.sha)
    tree, trees = root.write()
    commit = make_object(COMMIT, encode_commit(tree, (), author_name, author_email, now // 1000, TITLE))
    object_queries.add_objects(connection, repository_id, [*blobs.values(), *trees, commit], now)
    ref = HEADS + (ref_queries.default_branch(connection, repository_id) or "main")
    ref_queries.add_ref(connection, repository_id, ref, commit.sha, commit.sha, now)
    ref_queries.set_head(connection, repository_id, commit.sha, now)
    view = ObjectView(connection, repository_id, LruCache(2**20), Pending())
    apply_delta(connection, repository_id, ref, plan_delta(view, None, commit.sha))
    return commit.sha.hex()
