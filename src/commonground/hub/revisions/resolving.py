"""From what a caller calls a revision to a commit."""

from commonground.errors import RevisionNotFound
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions import object_queries, ref_queries
from commonground.hub.revisions.model import Ref
from commonground.hub.revisions.object_view import ObjectView
from commonground.hub.revisions.reachability import Reachability
from commonground.hub.revisions.refnames import FULL_ID, SHORT_ID, candidates, is_thinkable

AMBIGUOUS = 20


def resolve_commit(view: ObjectView, reachable: Reachability, repository: Repository, revision: str) -> bytes:
    """The commit of a branch, tag, full ref name, or (abbreviated) id of a commit that a ref reaches; else
    :class:`RevisionNotFound`.
    """
    if FULL_ID.fullmatch(revision):
        sha = bytes.fromhex(revision)
        if view.is_pending_commit(sha) or reachable.contains(view, repository, sha):
            return sha
        raise RevisionNotFound(revision=revision)
    if found := find_ref(view, repository, revision):
        return bytes.fromhex(found.target)
    if SHORT_ID.fullmatch(revision):
        return _expand(view, reachable, repository, revision)
    raise RevisionNotFound(revision=_shown(revision))


def find_ref(view: ObjectView, repository: Repository, revision: str) -> Ref | None:
    """The ref a name means, a branch before a tag."""
    if not is_thinkable(revision):
        return None
    return ref_queries.find_ref(view.connection, repository.id, candidates(revision, repository.default_branch))


def _expand(view: ObjectView, reachable: Reachability, repository: Repository, prefix: str) -> bytes:
    found = object_queries.commits_with_prefix(view.connection, repository.id, prefix, AMBIGUOUS)
    matches = [sha for sha in found if reachable.contains(view, repository, sha)]
    if len(matches) != 1:
        raise RevisionNotFound(revision=prefix)
    return matches[0]


def _shown(revision: str) -> str:
    text = revision.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 200 else f"{text[:200]}…"
