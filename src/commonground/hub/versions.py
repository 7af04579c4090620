"""Version numbers for protocols that count: version N is the Nth commit of a branch."""

from commonground.errors import NotSupported, RevisionNotFound
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.service import Revisions
from commonground.store.lru import LeastRecent

HEADS = "refs/heads/"
HOUSEKEEPING = frozenset({".gitattributes", "README.md"})
"""What a repository may have at its root before anything was published."""

HISTORY_LIMIT = 50_000
PAGE = 1_000
REMEMBERED = 200_000
"""Commits of the histories that are kept in memory."""


class Versions:
    """Numbers commits along first parents, but for a first one that publishes nothing."""

    def __init__(self, revisions: Revisions) -> None:
        self._revisions = revisions
        self._chains: LeastRecent[tuple[int, str], tuple[str, ...]] = LeastRecent(REMEMBERED)

    async def of(self, repository: Repository, branch: str) -> tuple[str, ...]:
        """The commits of a branch that are versions, oldest first; none where there is no such branch."""
        try:
            head = await self._revisions.resolve(repository, HEADS + branch)
        except RevisionNotFound:
            return ()
        key = (repository.id, head)
        chain = self._chains.get(key)
        if chain is None:
            chain = await self._chain(repository, head)
            self._chains.put(key, chain, len(chain) + 1)
        return chain

    async def _chain(self, repository: Repository, head: str) -> tuple[str, ...]:
        parents: dict[str, tuple[str, ...]] = {}
        cursor = None
        while True:
            page = await self._revisions.history(repository, head, cursor, limit=PAGE)
            parents |= {commit.sha: commit.parents for commit in page.items}
            cursor = page.cursor
            if cursor is None:
                break
            if len(parents) > HISTORY_LIMIT:
                raise NotSupported(feature=f"Numbering more than {HISTORY_LIMIT} commits")
        found = [head]
        while above := parents[found[-1]]:
            found.append(above[0])
        first = found.pop()
        return ((first,) if await self._publishes(repository, first) else ()) + tuple(reversed(found))

    async def _publishes(self, repository: Repository, first: str) -> bool:
        page = await self._revisions.tree(repository, first, limit=len(HOUSEKEEPING) + 1)
        return not {entry.path for entry in page.items} <= HOUSEKEEPING
