"""Where in a repository the files of a variation or a data set are, and which commit a version number means."""

import msgspec

from commonground.errors import EntryNotFound, NotSupported, RevisionNotFound
from commonground.gateways.kaggle.handles import DEFAULT, Variation
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


class Place(msgspec.Struct, frozen=True):
    """A branch, and the folder of it that holds the files: empty for all of them."""

    branch: str
    folder: str = ""

    def inside(self, path: str) -> str:
        """A path of a file of this place, as the repository knows it."""
        return f"{self.folder}/{path}" if self.folder else path

    def outside(self, path: str) -> str:
        """The way back."""
        return path.removeprefix(f"{self.folder}/") if self.folder else path


class Places:
    """Finds variations: a branch ``framework/variation``, else a folder of that name, else, for ``default``, everything
    on the default branch.
    """

    def __init__(self, revisions: Revisions) -> None:
        self._revisions = revisions
        self._chains: LeastRecent[tuple[int, str], tuple[str, ...]] = LeastRecent(REMEMBERED)

    async def find(self, repository: Repository, variation: Variation | None) -> Place | None:
        """Where the files are, or would be: ``None`` for a variation that nothing was published as. A data set has no
        variations.
        """
        whole = Place(repository.default_branch)
        if variation is None:
            return whole
        if await self._has_branch(repository, variation.path):
            return Place(variation.path)
        if await self._has_folder(repository, variation.path):
            return Place(repository.default_branch, variation.path)
        return whole if variation.name == DEFAULT else None

    async def commit(
        self, repository: Repository, variation: Variation | None, number: int | None
    ) -> tuple[Place, int, str]:
        """The place, and number and commit of a version of it; without a number, of the newest.

        Version N is the Nth commit of the branch along first parents, but for a first one that publishes nothing.
        :class:`RevisionNotFound` where there is no such variation or version.
        """
        place = await self.find(repository, variation)
        versions = await self.versions(repository, place) if place else ()
        wanted = len(versions) if number is None else number
        if place is None or not 1 <= wanted <= len(versions):
            name = variation.path if variation else repository.full_name
            raise RevisionNotFound(revision=name if number is None else f"{name}/{number}")
        return place, wanted, versions[wanted - 1]

    async def versions(self, repository: Repository, place: Place) -> tuple[str, ...]:
        """The commits that are versions, oldest first."""
        try:
            head = await self._revisions.resolve(repository, HEADS + place.branch)
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

    async def _has_branch(self, repository: Repository, name: str) -> bool:
        try:
            await self._revisions.resolve(repository, HEADS + name)
        except RevisionNotFound:
            return False
        return True

    async def _has_folder(self, repository: Repository, path: str) -> bool:
        try:
            _, entry = await self._revisions.entry(repository, repository.default_branch, path)
        except (EntryNotFound, RevisionNotFound):
            return False
        return entry.type == "directory"
