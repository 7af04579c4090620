"""Blobs: which there are for a caller in a repository, and sending them."""

import re
from collections.abc import AsyncIterator, Collection

import msgspec
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.errors import BlobNotFound, ContentInUse, EntryNotFound, RangeNotSatisfiable, RevisionNotFound
from commonground.gateways.oci import queries
from commonground.gateways.oci.door import Door
from commonground.gateways.oci.names import Digest, parse_digest
from commonground.gateways.oci.projection import paths_of
from commonground.http.contents import file_content
from commonground.http.files import UNTRUSTED, Content, send_file
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.keeping import drop
from commonground.services import Services
from commonground.store.model import StoredFile

OCTETS = "application/octet-stream"
SEARCHED = 50
"""Computed manifests that are looked through for a blob whose commit has gone."""
_BACKWARDS = re.compile(r"\s*bytes\s*=\s*(\d{1,18})\s*-\s*(\d{1,18})\s*", re.IGNORECASE)


class Located(msgspec.Struct, frozen=True):
    """Where a blob is: a file of the store, or a plain blob of a commit (raw id) under a path."""

    sha256: bytes
    file: StoredFile | None = None
    commit: bytes = b""
    path: str = ""


class Blobs:
    """Finds blobs. A repository has what is linked to it and what its commits hold; a caller has, besides, what they
    sent to it and no manifest names yet. A digest alone opens nothing.
    """

    def __init__(self, services: Services, door: Door) -> None:
        self._services, self._door = services, door

    async def send(self, request: Request) -> Response:
        """``GET`` and ``HEAD``, whole or by range."""
        caller, repository = await self._door.reader(request)
        digest = parse_digest(request.path_params["digest"])
        content = await self.content(repository, await self.find(repository, caller, digest), digest)
        _check_range(request, content.size)
        return await send_file(request, content, {**UNTRUSTED, "Docker-Content-Digest": str(digest)})

    async def delete(self, request: Request) -> Response:
        """Forget a blob that no commit and no manifest uses."""
        caller, repository = await self._door.writer(request)
        digest = parse_digest(request.path_params["digest"])
        located = await self.find(repository, caller, digest)
        if located.file is None or not await self._services.database.write(self._drop, repository.id, located.file):
            raise ContentInUse(oid=str(digest), user=repository.full_name)
        return Response(status_code=202)

    async def find(self, repository: Repository, caller: Principal, digest: Digest) -> Located:
        """Where a blob is; :class:`BlobNotFound`."""
        arguments = (repository.id, caller.uploader, digest)
        located = await self._services.database.lookup(self._locate, *arguments)
        if located is None:
            raise BlobNotFound(oid=str(digest))
        return located

    async def find_all(
        self, repository: Repository, caller: Principal, digests: Collection[Digest]
    ) -> dict[Digest, Located]:
        """The same of many; those that are not there are left out."""
        arguments = (repository.id, caller.uploader, digests)
        return await self._services.database.read(self._locate_all, *arguments)

    async def content(self, repository: Repository, located: Located, digest: Digest) -> Content:
        """A blob, ready to be sent; :class:`BlobNotFound` when the commits that had it are gone."""
        store, file = self._services.store, located.file
        if file is not None:
            return Content(
                size=file.size,
                etag=str(digest),
                media_type=OCTETS,
                read=lambda start, end: store.read(file.hash, start, end),
                local=lambda: store.materialise(file.hash),
            )
        found = await self._in_git(repository, located) or await self._elsewhere(repository, located.sha256)
        if found is None:
            raise BlobNotFound(oid=str(digest))
        return msgspec.structs.replace(found, etag=str(digest), media_type=OCTETS)

    async def stored(self, repository: Repository, caller: Principal, located: Located, digest: Digest) -> StoredFile:
        """A blob as a file of the store that the caller, a writer, may use: what git alone has is taken in."""
        if located.file is not None:
            return located.file
        content = await self.content(repository, located, digest)
        assert caller.uploader is not None
        parts = content.read(0, content.size)
        return await self._services.store.ingest(caller.uploader, parts, sha256=located.sha256)

    def _locate(self, connection: Connection, repository: int, account: int | None, digest: Digest) -> Located | None:
        raw = digest.raw
        sha256 = raw if digest.algorithm == "sha256" else queries.sha256_of(connection, raw)
        if sha256 is None:
            return None
        store = self._services.store
        if file := store.linked(connection, repository, [sha256]).get(sha256):
            return Located(sha256, file)
        if queries.is_uploaded(connection, repository, account, sha256) and (
            file := store.usable(connection, account, repository, sha256)
        ):
            return Located(sha256, file)
        place = queries.git_blob(connection, repository, sha256)
        return None if place is None else Located(sha256, None, *place)

    def _locate_all(
        self, connection: Connection, repository: int, account: int | None, digests: Collection[Digest]
    ) -> dict[Digest, Located]:
        found = ((digest, self._locate(connection, repository, account, digest)) for digest in digests)
        return {digest: located for digest, located in found if located is not None}

    async def _in_git(self, repository: Repository, located: Located) -> Content | None:
        revisions, commit = self._services.revisions, located.commit.hex()
        try:
            if located.path:
                _, entry = await revisions.entry(repository, commit, located.path)
                return file_content(revisions, self._services.store, repository, entry)
            await revisions.resolve(repository, commit)
        except (RevisionNotFound, EntryNotFound):
            return None
        manifest = await self._services.database.lookup(queries.projected, repository.id, located.commit)
        return None if manifest is None or manifest.config is None else _in_memory(manifest.config)

    async def _elsewhere(self, repository: Repository, sha256: bytes) -> Content | None:
        """The same blob in another commit: the one it was noted for is no longer part of the history."""
        name = f"sha256:{sha256.hex()}".encode()
        for manifest in await self._services.database.read(queries.recent, repository.id, SEARCHED):
            if name in manifest.body and manifest.commit:
                for path in paths_of(manifest.body, name.decode()):
                    if found := await self._in_git(repository, Located(sha256, None, manifest.commit, path)):
                        values = (repository.id, sha256, manifest.commit, path)
                        await self._services.database.write(queries.move_git_blob, *values)
                        return found
        return None

    def _drop(self, connection: Connection, repository: int, file: StoredFile) -> bool:
        assert file.sha256 is not None
        store = self._services.store
        if store.linked(connection, repository, [file.sha256]) and not drop(connection, store, repository, file):
            return False
        queries.delete_upload(connection, repository, file.sha256)
        return True


def _in_memory(data: bytes) -> Content:
    async def read(start: int, end: int) -> AsyncIterator[bytes]:
        yield data[start:end]

    return Content(size=len(data), etag="", media_type=OCTETS, read=read)


def _check_range(request: Request, size: int) -> None:
    """A range that ends before it starts: HTTP lets servers ignore it, the conformance suite wants it refused."""
    match = _BACKWARDS.fullmatch(request.headers.get("range", ""))
    if match and int(match[2]) < int(match[1]):
        raise RangeNotSatisfiable(size=size)
