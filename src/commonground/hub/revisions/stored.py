"""Content of the store on its way into a commit: which of it becomes a plain git blob."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection

from commonground.accounts.model import Principal
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.drafts import Staged, usable_file
from commonground.hub.revisions.landing import INLINE_LIMIT
from commonground.hub.revisions.model import AddStored, UploadFile
from commonground.hub.revisions.objects import BLOB, GitObject, make_object
from commonground.hub.revisions.publishing import Linked
from commonground.hub.revisions.upload_rules import UploadRules
from commonground.store.model import StoredFile

SAMPLE = 512
AT_ONCE = 500


class StoredBlobs:
    """Makes blobs of what a client has sent to the store without asking first whether it had to be a large file."""

    def __init__(self, context: Context, rules: UploadRules) -> None:
        self._context, self._rules = context, rules

    async def stage(
        self, repository: Repository, principal: Principal, ref: str, operations: Sequence[AddStored], staged: Staged
    ) -> None:
        """Add a blob to ``staged`` for each operation whose file the rules of ``ref`` keep plain.

        :class:`ContentMissing` for content the caller may not use here, :class:`SizeMismatch`.
        """
        attributes = staged.blobs.get(".gitattributes")
        rules = attributes.body.decode("utf-8", "replace") if attributes and attributes.body else None
        for start in range(0, len(operations), AT_ONCE):
            block = operations[start : start + AT_ONCE]
            files = await self._context.database.read(self._files, repository.id, principal.uploader, block)
            asked = [await self._announce(item.path, file) for item, file in zip(block, files, strict=True)]
            decided = await self._rules.preupload(repository, ref, asked, git_attributes=rules)
            for decision, file in zip(decided, files, strict=True):
                if decision.mode == "regular":
                    staged.blobs[decision.path] = await self._blob(decision.path, file, staged.files)

    def _files(
        self, connection: Connection, repository_id: int, account_id: int | None, operations: Sequence[AddStored]
    ) -> list[StoredFile]:
        store = self._context.store
        return [usable_file(connection, store, repository_id, account_id, operation) for operation in operations]

    async def _announce(self, path: str, file: StoredFile) -> UploadFile:
        plain = 0 < file.size <= self._context.settings.regular_file_limit
        sample = await self._context.store.read_bytes(file.hash, 0, min(SAMPLE, file.size)) if plain else b""
        return UploadFile(path=path, size=file.size, sample=sample)

    async def _blob(self, path: str, file: StoredFile, links: list[Linked]) -> GitObject:
        """A small one holds its content; the content of others stays where it is."""
        if file.size <= INLINE_LIMIT:
            return make_object(BLOB, await self._context.store.read_bytes(file.hash))
        digest = hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
        async for part in self._context.store.read(file.hash):
            digest.update(part)
        links.append(Linked(file, path))
        return GitObject(digest.digest(), BLOB, file.size, None, file.hash)
