"""Puts a prepared sample into the hub: a repository, its content in the store, one commit."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

from commonground.accounts.model import Account, Principal
from commonground.errors import RepositoryNotFound
from commonground.hub.repositories.model import Repository
from commonground.hub.repositories.service import Repositories
from commonground.hub.revisions.model import AddFile, AddPointer, CommitRequest, Operation
from commonground.hub.revisions.service import Revisions
from commonground.samples.model import PreparedFile, PreparedSample
from commonground.store.service import Store

BLOCK = 4 * 2**20
TITLE = "Import the sample"


class Publisher:
    """Publishes samples under the name of ``owner``, an organisation."""

    def __init__(self, owner: Account, repositories: Repositories, revisions: Revisions, store: Store) -> None:
        self._principal = Principal(account_id=owner.id, name=owner.name, is_admin=True, via="internal")
        self._repositories, self._revisions, self._store = repositories, revisions, store

    async def publish(self, sample: PreparedSample) -> bool:
        """Make the repository hold the sample's files; ``False`` if it held them already."""
        repository = await self._repository(sample)
        present = await self._present(repository)
        changed = [file for file in sample.files if present.get(file.path) != await _identity(file)]
        if not changed:
            return False
        operations = [await self._operation(file) for file in changed]
        request = CommitRequest(title=TITLE, description=sample.title, operations=operations)
        await self._revisions.commit(repository, self._principal, repository.default_branch, request)
        return True

    async def _repository(self, sample: PreparedSample) -> Repository:
        owner, _, name = sample.repository.partition("/")
        try:
            return await self._repositories.open(self._principal, sample.kind, owner, name)
        except RepositoryNotFound:
            return await self._repositories.create(
                self._principal, sample.kind, owner, name, visibility=sample.visibility
            )

    async def _present(self, repository: Repository) -> dict[str, str]:
        """What the default branch holds: path -> SHA-256 of LFS content, or git id."""
        found: dict[str, str] = {}
        cursor: str | None = None
        while True:
            page = await self._revisions.tree(repository, repository.default_branch, recursive=True, cursor=cursor)
            found |= {entry.path: entry.lfs.sha256 if entry.lfs else entry.oid for entry in page.items}
            if (cursor := page.cursor) is None:
                return found

    async def _operation(self, file: PreparedFile) -> Operation:
        if not _is_large(file):
            return AddFile(path=file.path, content=await asyncio.to_thread(_read, file))
        assert self._principal.account_id is not None
        stored = await self._store.ingest(self._principal.account_id, _parts(file), sha256=None, size=file.size)
        assert stored.sha256 is not None
        return AddPointer(path=file.path, sha256=stored.sha256.hex(), size=stored.size)


def _is_large(file: PreparedFile) -> bool:
    """Text stays in git; what a reader cannot look at, or is long, is LFS."""
    return file.size > 2**20 or b"\0" in _head(file)


def _head(file: PreparedFile) -> bytes:
    if isinstance(file.source, bytes):
        return file.source[:8192]
    with file.source.open("rb") as stream:
        return stream.read(8192)


def _read(file: PreparedFile) -> bytes:
    return file.source if isinstance(file.source, bytes) else file.source.read_bytes()


async def _identity(file: PreparedFile) -> str:
    return await asyncio.to_thread(_sha256 if _is_large(file) else _git_id, file)


def _sha256(file: PreparedFile) -> str:
    if isinstance(file.source, bytes):
        return hashlib.sha256(file.source).hexdigest()
    with file.source.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _git_id(file: PreparedFile) -> str:
    data = _read(file)
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


async def _parts(file: PreparedFile) -> AsyncIterator[bytes]:
    if isinstance(file.source, bytes):
        yield file.source
        return
    source: Path = file.source
    with await asyncio.to_thread(source.open, "rb") as stream:
        while part := await asyncio.to_thread(stream.read, BLOCK):
            yield part
