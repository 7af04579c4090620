"""A pushed model artifact becomes a commit."""

from collections.abc import Sequence

from commonground.accounts.model import Principal
from commonground.errors import CommongroundError, InvalidManifest, InvalidRef
from commonground.gateways.oci.artifacts import LayerFile
from commonground.gateways.oci.references import Standing
from commonground.gateways.oci.unpacking import unpack
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddStored, CommitRequest, CopyFile, DeleteFolder, Operation
from commonground.hub.revisions.refnames import HEADS
from commonground.services import Services
from commonground.store.model import StoredFile

KEPT = (".gitattributes", "README.md")
"""Files that stay when the artifact does not bring them: the rules of the repository and its card."""


class Publishing:
    """Makes a commit hold the files of an artifact, and no others."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def publish(
        self,
        repository: Repository,
        caller: Principal,
        tag: str,
        standing: Standing,
        digest: str,
        layers: Sequence[tuple[LayerFile, StoredFile]],
    ) -> str:
        """The commit (40 hex digits) on the branch of that tag, which begins at the default branch if it is new.

        :class:`InvalidRef` for a tag of the repository: those do not move.
        """
        branch = branch_of(tag, standing)
        files = await self._files(caller, layers)
        if standing.ref is not None:
            return await self._commit(repository, caller, branch, digest, files)
        revisions = self._services.revisions
        made = await revisions.create_branch(repository, caller, branch)
        try:
            return await self._commit(repository, caller, branch, digest, files)
        except CommongroundError:
            if await revisions.resolve(repository, made.name) == made.target:  # nobody else has used it
                await revisions.delete_branch(repository, caller, branch)
            raise

    async def point(self, repository: Repository, caller: Principal, tag: str, commit: str) -> None:
        """A new branch for a tag, at a commit that holds the artifact already."""
        await self._services.revisions.create_branch(repository, caller, tag, starting_point=commit)

    async def _files(self, caller: Principal, layers: Sequence[tuple[LayerFile, StoredFile]]) -> dict[str, AddStored]:
        """What to write, by path."""
        assert caller.uploader is not None
        found: dict[str, AddStored] = {}
        for layer, file in layers:
            if layer.compression is None:
                assert file.sha256 is not None
                added = [AddStored(path=layer.path, sha256=file.sha256.hex(), size=file.size)]
            else:
                added = await unpack(self._services.store, caller.uploader, file, layer)
            for operation in added:
                if operation.path in found and found[operation.path] != operation:
                    raise InvalidManifest(reason=f"{operation.path!r} is named twice")
                found[operation.path] = operation
        return found

    async def _commit(
        self, repository: Repository, caller: Principal, branch: str, digest: str, files: dict[str, AddStored]
    ) -> str:
        revisions = self._services.revisions
        head = await revisions.resolve(repository, HEADS + branch)
        kept = await revisions.paths(repository, head, [path for path in KEPT if path not in files])
        clear: list[Operation] = []
        if (await revisions.tree(repository, head, limit=1)).items:
            clear = [DeleteFolder(""), *(CopyFile(path=e.path, source_path=e.path, source_revision=head) for e in kept)]
        request = CommitRequest(
            title=f"Push {branch}", description=f"OCI artifact {digest}", operations=[*clear, *files.values()]
        )
        return (await revisions.commit(repository, caller, HEADS + branch, request)).sha


def branch_of(tag: str, standing: Standing) -> str:
    """The branch a tag is, or will be; :class:`InvalidRef` for a tag of the repository."""
    if standing.ref is None:
        return tag
    if not standing.ref.startswith(HEADS):
        raise InvalidRef(ref=tag, reason="it is a tag of the repository, and those do not move")
    return standing.ref.removeprefix(HEADS)
