"""Which commits the refs of a repository reach: only those may be named by their id."""

import threading
from collections.abc import Iterable

from commonground.hub.repositories.model import Repository
from commonground.hub.revisions import ref_queries
from commonground.hub.revisions.cache import LruCache
from commonground.hub.revisions.object_view import ObjectView
from commonground.hub.revisions.objects import decode_commit

BATCH = 200
ID_COST = 100  # bytes of memory for one id in a set


class _Reached:
    """Commits known to be reachable from ``targets``; the parents of ``open`` ones were not looked at yet."""

    def __init__(self, generation: tuple[int, int], targets: set[bytes]) -> None:
        self.generation = generation
        self.targets = targets
        self.seen = set(targets)
        self.open = list(targets)


class Reachability:
    """Answers in memory while no ref changes; a new commit costs one step, a deleted branch a new walk."""

    def __init__(self, limit: int) -> None:
        self._known: LruCache[int, _Reached] = LruCache(limit, lambda reached: ID_COST * len(reached.seen))
        self._local: LruCache[int, int] = LruCache(100_000)
        self._locks = [threading.Lock() for _ in range(64)]

    def knows(self, repository: Repository, sha: bytes) -> bool:
        """Whether ``sha`` is known to be reachable, without asking the database."""
        reached = self._known.get(repository.id)
        return reached is not None and reached.generation == self._generation(repository) and sha in reached.seen

    def contains(self, view: ObjectView, repository: Repository, sha: bytes) -> bool:
        """Whether ``sha`` is a commit that some ref reaches."""
        if self.knows(repository, sha):
            return True
        if view.peel(sha) != sha:
            return False
        with self._locks[repository.id % len(self._locks)]:
            reached = self._current(view, repository)
            while sha not in reached.seen and reached.open:
                batch = [reached.open.pop() for _ in range(min(BATCH, len(reached.open)))]
                fresh = _parents(view, batch) - reached.seen
                reached.seen |= fresh
                reached.open.extend(fresh)
            self._known.put(repository.id, reached)
            return sha in reached.seen

    def refs_changed(self, repository_id: int) -> None:
        """Forget that answers are current: this process changed a ref."""
        self._local.put(repository_id, (self._local.get(repository_id) or 0) + 1)

    def _generation(self, repository: Repository) -> tuple[int, int]:
        return repository.updated_at, self._local.get(repository.id) or 0

    def _current(self, view: ObjectView, repository: Repository) -> _Reached:
        generation = self._generation(repository)
        refs = ref_queries.all_refs(view.connection, repository.id)
        targets = {bytes.fromhex(ref.target) for ref in refs}
        old = self._known.get(repository.id)
        if old is None:
            return _Reached(generation, targets)
        return _renew(view, old, generation, targets)


def _renew(view: ObjectView, old: _Reached, generation: tuple[int, int], targets: set[bytes]) -> _Reached:
    """What was known, extended to new targets; from scratch if a former target may not be reachable any more."""
    new = _Reached(generation, targets)
    met = targets & old.seen
    front = targets - old.seen
    added = set(front)
    while front:
        parents = _parents(view, front)
        met |= parents & old.seen
        front = parents - old.seen - added
        added |= front
    if old.targets <= met:
        new.seen = old.seen | added
        new.open = old.open
    return new


def _parents(view: ObjectView, shas: Iterable[bytes]) -> set[bytes]:
    commits = view.many(list(shas)).values()
    return {parent for commit in commits if commit.body is not None for parent in decode_commit(commit.body).parents}
