"""Sending blobs: in one request, in two, in chunks, as a stream; or mounting what is in another repository."""

import hashlib
import re

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.database.clock import now_ms
from commonground.errors import (
    BadRequest,
    BlobNotFound,
    CommongroundError,
    DigestMismatch,
    GatedRepository,
    InvalidRegistryName,
    RepositoryMoved,
    RepositoryNotFound,
    SizeMismatch,
    Unauthenticated,
    UploadNotFound,
)
from commonground.gateways.oci import queries
from commonground.gateways.oci.blobs import Blobs
from commonground.gateways.oci.door import Door
from commonground.gateways.oci.names import Digest, parse_digest, parse_name
from commonground.http.addresses import raw_path
from commonground.http.bodies import stream_body
from commonground.hub.repositories.model import Repository
from commonground.services import Services
from commonground.store.model import Session, StoredFile

PURPOSE = "oci"
BLOB_LIMIT = 2**42
"""Largest blob, in bytes."""
_CONTENT_RANGE = re.compile(r"(?:bytes[ =])?(\d{1,18})-(\d{1,18})(?:/(?:\d+|\*))?")
_CLOSED: tuple[type[CommongroundError], ...] = (
    InvalidRegistryName,
    RepositoryNotFound,
    RepositoryMoved,
    GatedRepository,
    Unauthenticated,
    BlobNotFound,
)


class BlobUploads:
    """The endpoints below ``blobs/uploads``. What arrived is its sender's alone until a manifest names it."""

    def __init__(self, services: Services, door: Door, blobs: Blobs) -> None:
        self._services, self._door, self._blobs = services, door, blobs
        self._uploads = services.uploads

    async def begin(self, request: Request) -> Response:
        """``POST``: with ``mount`` or ``digest`` it may be all there is to do; else a session."""
        caller, repository = await self._door.pusher(request)
        query, base = request.query_params, raw_path(request).rstrip("/").removesuffix("/uploads")
        if mount := query.get("mount"):
            digest = parse_digest(mount)
            if await self._mount(caller, repository, digest, query.get("from")):
                return _created(base, digest)
        elif given := query.get("digest"):
            digest = parse_digest(given)
            await self._take(request, caller, repository, digest)
            return _created(base, digest)
        session = await self._uploads.begin(_sender(caller), PURPOSE, {"repository": repository.id})
        return _state(f"{base}/uploads/{session.id}", session.id, 0, 202)

    async def append(self, request: Request) -> Response:
        """``PATCH``: the next chunk, or with no ``Content-Range`` a stream behind what is there."""
        session, _, _ = await self._find(request)
        part = await self._append(request, session)
        return _state(raw_path(request), session.id, part, 202)

    async def state(self, request: Request) -> Response:
        """``GET``: how far the upload is."""
        session, _, _ = await self._find(request)
        return _state(raw_path(request), session.id, session.size, 204)

    async def cancel(self, request: Request) -> Response:
        """``DELETE``: forget the upload."""
        session, _, _ = await self._find(request)
        await self._uploads.abort(session)
        return Response(status_code=204)

    async def complete(self, request: Request) -> Response:
        """``PUT``: the last chunk, if there is one, and the digest of the whole."""
        session, caller, repository = await self._find(request)
        digest = parse_digest(request.query_params.get("digest", ""))
        if _has_body(request):
            await self._append(request, session)
        sha256 = digest.raw if digest.algorithm == "sha256" else None
        file = await self._uploads.complete(session, sha256=sha256)
        if digest.algorithm == "sha512":
            await self._check_sha512(file, digest)
        await self._note(caller, repository, file, digest)
        return _created(raw_path(request).rpartition("/uploads/")[0], digest)

    async def _find(self, request: Request) -> tuple[Session, Principal, Repository]:
        caller, repository = await self._door.writer(request)
        session_id = request.path_params["session"]
        session = await self._uploads.find(session_id, caller.uploader, PURPOSE)
        if session.details.get("repository") != repository.id:
            raise UploadNotFound(upload=session_id[:64])
        return session, caller, repository

    async def _append(self, request: Request, session: Session) -> int:
        """Take the body; the bytes there are then."""
        offset, length = _place(request, session.size)
        body = stream_body(request, BLOB_LIMIT if length is None else length)
        part = await self._uploads.append(session, offset, body)
        if length is not None and part.size != length:
            await self._uploads.abort(session)
            raise SizeMismatch(actual=part.size, expected=length)
        return offset + part.size

    async def _take(self, request: Request, caller: Principal, repository: Repository, digest: Digest) -> None:
        sha256 = digest.raw if digest.algorithm == "sha256" else None
        body = stream_body(request, BLOB_LIMIT)
        file = await self._services.store.ingest(_sender(caller), body, sha256=sha256)
        if digest.algorithm == "sha512":
            await self._check_sha512(file, digest)
        await self._note(caller, repository, file, digest)

    async def _mount(self, caller: Principal, repository: Repository, digest: Digest, source: str | None) -> bool:
        """Make a blob of another repository one of this; ``False`` where the caller may not read it there, or it is not
        there: then it has to be sent. Without ``source`` it may be anywhere where the caller may read.
        """
        try:
            if source is None:
                file = await self._anywhere(caller, repository, digest)
            else:
                other = await self._door.named(caller, parse_name(source))
                located = await self._blobs.find(other, caller, digest)
                file = await self._blobs.stored(other, caller, located, digest)
        except _CLOSED:
            return False
        await self._note(caller, repository, file, digest)
        return True

    async def _anywhere(self, caller: Principal, repository: Repository, digest: Digest) -> StoredFile:
        file = await self._services.database.read(self._usable, caller.uploader, repository.id, digest)
        if file is None:
            raise BlobNotFound(oid=str(digest))
        return file

    def _usable(
        self, connection: Connection, account: int | None, repository: int, digest: Digest
    ) -> StoredFile | None:
        sha256 = queries.sha256_of(connection, digest.raw) if digest.algorithm == "sha512" else digest.raw
        return None if sha256 is None else self._services.store.usable(connection, account, repository, sha256)

    async def _note(self, caller: Principal, repository: Repository, file: StoredFile, digest: Digest) -> None:
        now = now_ms()
        before = now - self._services.settings.upload_lease_seconds * 1000
        sha512 = digest.raw if digest.algorithm == "sha512" else None
        values = (repository.id, _sender(caller), file.sha256 or b"", sha512, now, before)
        await self._services.database.write(queries.add_upload, *values)

    async def _check_sha512(self, file: StoredFile, digest: Digest) -> None:
        """Sending by SHA-512 is rare: the content is read once more instead of hashing everything twice."""
        actual = hashlib.sha512()
        async for part in self._services.store.read(file.hash):
            actual.update(part)
        if actual.digest() != digest.raw:
            raise DigestMismatch(actual=actual.hexdigest(), expected=digest.hex)


def _sender(caller: Principal) -> int:
    if caller.uploader is None:
        raise Unauthenticated
    return caller.uploader


def _has_body(request: Request) -> bool:
    return request.headers.get("content-length", "") != "0" and (
        "content-length" in request.headers or "transfer-encoding" in request.headers
    )


def _place(request: Request, size: int) -> tuple[int, int | None]:
    """Where a chunk begins, and how long it is if its ``Content-Range`` says so."""
    header = request.headers.get("content-range")
    if header is None:
        return size, None
    match = _CONTENT_RANGE.fullmatch(header.strip())
    if match is None or int(match[2]) + 1 < int(match[1]):
        raise BadRequest(reason="Content-Range is <first byte>-<last byte>")
    first, length = int(match[1]), int(match[2]) + 1 - int(match[1])
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and announced != str(length):
        raise SizeMismatch(actual=announced[:20], expected=length)
    return first, length


def _state(location: str, session_id: str, size: int, status: int) -> Response:
    headers = {"Location": location, "Docker-Upload-UUID": session_id, "Range": f"0-{max(0, size - 1)}"}
    return Response(status_code=status, headers=headers)


def _created(base: str, digest: Digest) -> Response:
    headers = {"Location": f"{base}/{digest}", "Docker-Content-Digest": str(digest)}
    return Response(status_code=201, headers=headers)
