"""What a tag or a digest stands for in a repository."""

import msgspec

from commonground.errors import ManifestNotFound, RevisionNotFound
from commonground.gateways.oci import queries
from commonground.gateways.oci.names import TAG, is_digest, parse_digest, refs_of
from commonground.gateways.oci.projection import Projection
from commonground.gateways.oci.queries import StoredManifest, Tag
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.refnames import HEADS, TAGS
from commonground.services import Services


class Standing(msgspec.Struct, frozen=True):
    """A tag as it stands: the ref of that name and its commit, if there is one, and what was pushed under it, if that
    still holds.
    """

    ref: str | None
    commit: str | None
    pushed: Tag | None


class References:
    """Finds manifests. A tag is a branch, a tag or a commit of the repository, unless something was pushed under that
    name since the branch moved last.
    """

    def __init__(self, services: Services, projection: Projection) -> None:
        self._services, self._projection = services, projection

    async def manifest(self, repository: Repository, reference: str) -> StoredManifest:
        """The manifest behind a tag or digest; :class:`ManifestNotFound`, :class:`InvalidDigest`."""
        if is_digest(reference):
            return await self.by_digest(repository, str(parse_digest(reference)))
        standing = await self.standing(repository, reference)
        if standing.pushed is not None:
            return await self.by_digest(repository, standing.pushed.digest)
        commit = standing.commit or await self._commit(repository, reference)
        return await self._projection.of(repository, commit)

    async def by_digest(self, repository: Repository, digest: str) -> StoredManifest:
        """The manifest with a digest. One that was computed is there as long as its commit is."""
        found = await self._services.database.lookup(queries.manifest, repository.id, digest)
        if found is None:
            raise ManifestNotFound(reference=digest, reason="no such manifest was pushed or handed out here")
        if found.projected and found.commit and not await self.has_commit(repository, found.commit):
            raise ManifestNotFound(reference=digest, reason="its commit is no longer in the repository")
        return found

    async def has_commit(self, repository: Repository, commit: bytes) -> bool:
        """Whether a commit (raw id) is part of the history of some ref."""
        try:
            await self._services.revisions.resolve(repository, commit.hex())
        except RevisionNotFound:
            return False
        return True

    async def standing(self, repository: Repository, tag: str) -> Standing:
        """How a tag stands; :class:`ManifestNotFound` for a text that is none."""
        if not TAG.fullmatch(tag):
            raise ManifestNotFound(reference=tag[:150], reason="it is not a tag")
        ref, commit = await self._ref(repository, tag)
        pushed = await self._services.database.lookup(queries.tag, repository.id, tag)
        if pushed is not None and (pushed.commit.hex() if pushed.commit else None) != commit:
            pushed = None
        return Standing(ref, commit, pushed)

    async def _ref(self, repository: Repository, tag: str) -> tuple[str | None, str | None]:
        revisions = self._services.revisions
        for name in refs_of(tag):
            for space in (HEADS, TAGS):
                try:
                    return space + name, await revisions.resolve(repository, space + name)
                except RevisionNotFound:
                    continue
        return None, None

    async def _commit(self, repository: Repository, tag: str) -> str:
        try:
            return await self._services.revisions.resolve(repository, tag)
        except RevisionNotFound:
            raise ManifestNotFound(reference=tag, reason="no branch, tag or commit has this name") from None
