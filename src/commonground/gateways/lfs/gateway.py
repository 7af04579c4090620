"""The routes of Git LFS: the batch API and the addresses it hands out."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.errors import BlobNotFound, NotSupported, SizeMismatch
from commonground.gateways.lfs.batch import answer_download, answer_upload
from commonground.gateways.lfs.errors import render_error
from commonground.gateways.lfs.uploads import Uploads
from commonground.gateways.lfs.wire import MEDIA_TYPE, BatchAnswer, BatchRequest, Completion, check_batch
from commonground.http.bodies import read_json, stream_body
from commonground.http.content_links import Grant, Links, Permission, read_grant
from commonground.http.files import UNTRUSTED, Content, send_file
from commonground.http.gateway import Snippet, Use
from commonground.http.git_addresses import git_routes, open_repository
from commonground.http.identity import public_origin
from commonground.http.routing import Handler, Route
from commonground.hub.repositories.model import Repository
from commonground.services import Services
from commonground.store.model import StoredFile

HEARTBEAT_SECONDS = 5.0
"""After this long the end of a multipart upload is answered with blanks, so that no client gives up waiting."""


class LfsGateway:
    """Serves git-lfs, and the plain HTTP transfers of the Hugging Face client."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._uploads = Uploads(services.database, services.store, services.settings)

    def routes(self) -> list[Route]:
        """Every endpoint, with and without ``.git``."""
        table: list[tuple[str, str, Handler, str]] = [
            ("POST", "info/lfs/objects/batch", self.batch, "Where to send or fetch LFS content"),
            ("PUT", "info/lfs/objects/{oid}", self.upload, "Send LFS content"),
            ("GET", "info/lfs/objects/{oid}", self.download, "Fetch LFS content"),
            ("PUT", "info/lfs/objects/{oid}/parts/{part}", self.put_part, "Send a part of LFS content"),
            ("POST", "info/lfs/objects/{oid}/complete", self.complete, "End an upload in parts"),
            ("POST", "info/lfs/objects/{oid}/verify", self.verify, "Check that LFS content arrived"),
            ("GET", "info/lfs/locks", self.locks, "File locks, which are not offered"),
            ("POST", "info/lfs/locks", self.locks, "File locks, which are not offered"),
            ("POST", "info/lfs/locks/verify", self.locks, "File locks, which are not offered"),
        ]
        return git_routes(table, tag="lfs", render_error=render_error)

    def snippets(self, use: Use) -> list[Snippet]:
        """None: git brings it along."""
        return []

    async def batch(self, request: Request) -> Response:
        """Answer a batch of objects."""
        batch = await read_json(request, BatchRequest)
        check_batch(batch)
        uploading = batch.operation == "upload"
        caller, repository = await self._open(request, Action.WRITE if uploading else Action.READ)
        links = self._links(request, caller, repository)
        answer: BatchAnswer
        if uploading:
            answer = await answer_upload(self._services, self._uploads, caller, repository, batch, links)
        else:
            await self._services.repositories.check_files(caller, repository)
            answer = await answer_download(self._services, repository, batch, links)
        return Response(msgspec.json.encode(answer), media_type=MEDIA_TYPE)

    async def upload(self, request: Request) -> Response:
        """Take content in one piece."""
        grant = self._grant(request, "upload")
        body = stream_body(request, grant.size)
        await self._services.store.ingest(grant.uploader, body, sha256=grant.sha256, size=grant.size)
        return Response(headers={"ETag": f'"{grant.oid}"'})

    async def put_part(self, request: Request) -> Response:
        """Take one part."""
        etag = await self._uploads.put_part(self._grant(request, "part"), request)
        return Response(headers={"ETag": f'"{etag}"'})

    async def complete(self, request: Request) -> Response:
        """Put the parts together. A long wait is bridged with blanks, and its failure shows when the client verifies."""
        grant = self._grant(request, "complete")
        body = await read_json(request, Completion)
        if await self._usable(grant) is not None:
            return _done()
        work = await self._uploads.complete(grant, body.parts)
        await asyncio.wait({work}, timeout=HEARTBEAT_SECONDS)
        if work.done():
            work.result()
            return _done()
        return StreamingResponse(_heartbeat(work), media_type=MEDIA_TYPE)

    async def verify(self, request: Request) -> Response:
        """Return if the uploader may use the content now; :class:`BlobNotFound` otherwise."""
        grant = self._grant(request, "verify")
        file = await self._usable(grant)
        if file is None:
            raise BlobNotFound(oid=grant.oid)
        if file.size != grant.size:
            raise SizeMismatch(actual=file.size, expected=grant.size)
        return _done()

    async def download(self, request: Request) -> Response:
        """Send content."""
        grant = self._grant(request, "download")
        store = self._services.store
        linked = await self._services.database.lookup(store.linked, grant.repository, [grant.sha256])
        file = linked.get(grant.sha256)
        if file is None:
            raise BlobNotFound(oid=grant.oid)
        content = Content(
            size=file.size,
            etag=grant.oid,
            media_type="application/octet-stream",
            read=lambda start, end: store.read(file.hash, start, end),
            local=lambda: store.materialise(file.hash),
        )
        return await send_file(request, content, UNTRUSTED)

    async def locks(self, request: Request) -> Response:
        """Refuse: git-lfs then stops asking."""
        raise NotSupported(feature="Git LFS file locking")

    async def _open(self, request: Request, action: Action) -> tuple[Principal, Repository]:
        return await open_repository(request, self._services.accounts, self._services.repositories, action)

    def _links(self, request: Request, caller: Principal, repository: Repository) -> Links:
        origin = public_origin(request, self._services.settings)
        kind = request.path_params.get("kind")
        base = f"{origin}/{kind + '/' if kind else ''}{repository.full_name}.git/info/lfs"
        seconds = self._services.settings.token_seconds
        return Links(self._services.signer, base, caller.uploader, repository.id, seconds)

    def _grant(self, request: Request, permission: Permission) -> Grant:
        return read_grant(self._services.signer, request, permission)

    async def _usable(self, grant: Grant) -> StoredFile | None:
        values = (grant.account, grant.repository, grant.sha256)
        return await self._services.database.read(self._services.store.usable, *values)


def _done() -> Response:
    return Response(b"{}", media_type=MEDIA_TYPE)


async def _heartbeat(work: "asyncio.Task[StoredFile]") -> AsyncIterator[bytes]:
    while not work.done():
        yield b" "
        await asyncio.wait({work}, timeout=HEARTBEAT_SECONDS)
    yield b"{}" if work.exception() is None else b'{"message": "the content was refused"}'
