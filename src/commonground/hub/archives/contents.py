"""The content of the members of an archive, as a repository has it."""

from collections.abc import AsyncIterator
from functools import partial

from commonground.hub.archives.checksums import Checksums
from commonground.hub.archives.members import Members
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.service import Revisions


class RepositoryContents:
    """Reads members. ``summed``: what passes by whole is summed on the way, for it will be asked for."""

    def __init__(
        self, revisions: Revisions, repository: Repository, members: Members, checksums: Checksums, *, summed: bool
    ) -> None:
        self._revisions = revisions
        self._repository = repository
        self._members = members
        self._checksums = checksums
        self._summed = summed

    def read(self, index: int, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes [start, end) of the content."""
        entry = self._members.entry(index)
        parts = self._revisions.stream(self._repository, entry, start, end)
        if not self._summed or end - start < entry.size:
            return parts
        return self._checksums.summing(self._members.content(index), parts)

    async def checksum(self, index: int) -> int:
        """The CRC-32 of the content."""
        entry = self._members.entry(index)
        whole = partial(self._revisions.stream, self._repository, entry, 0, entry.size)
        return await self._checksums.of(self._members.content(index), whole)
