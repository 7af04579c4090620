"""Where in a repository the files of a variation or a data set are, and which commit a version number means."""

import msgspec

from commonground.errors import EntryNotFound, RevisionNotFound
from commonground.gateways.kaggle.handles import DEFAULT, Variation
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.service import Revisions
from commonground.hub.versions import HEADS, Versions


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
        self._versions = Versions(revisions)

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
        return await self._versions.of(repository, place.branch)

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
