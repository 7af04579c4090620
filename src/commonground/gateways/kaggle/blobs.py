"""Uploads: begun by a call, then sent to an address as to Google Cloud Storage, whole or going on where it broke off.

See "Resumable uploads" of its XML API: ``Content-Range`` says where a body belongs or, as ``bytes */N``, asks how much
has arrived; 308 with ``Range`` tells.
"""

import re
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from commonground.errors import BadRequest, InvalidCredentials, UploadOutOfOrder
from commonground.gateways.kaggle.context import ROOT, Context, call
from commonground.gateways.kaggle.errors import render_error
from commonground.gateways.kaggle.publishing import PURPOSE
from commonground.gateways.kaggle.wire import StartBlobUploadRequest, StartBlobUploadResponse
from commonground.http.bodies import read_json, stream_body
from commonground.http.identity import public_origin
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.store.backends.base import Buffer
from commonground.store.model import Session

SERVICE = "blobs.BlobApiService"
_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18})\Z")


class Ticket(msgspec.Struct, frozen=True):
    """What the address of an upload holds: it comes without other credentials."""

    account: int
    session: str


class BlobCalls:
    """``blobs.BlobApiService``, and the addresses it hands out."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._uploads = context.services.uploads
        self._signer = context.services.signer

    def routes(self) -> list[Route]:
        """The endpoints of this service."""
        messages = {"body": StartBlobUploadRequest, "result": StartBlobUploadResponse}
        send = Route(
            method="PUT",
            template=f"{ROOT}/{SERVICE}/uploads/{{upload}}",
            handler=self.send,
            summary="Send a file, or ask how much of it has arrived",
            tag="kaggle",
            body=bytes,
            render_error=render_error,
        )
        return [call(SERVICE, "StartBlobUpload", self.start, "Begin to send a file", **messages), send]

    async def start(self, request: Request) -> Response:
        """Begin an upload: its token is of use to the account that began it."""
        caller = await self._context.member(request)
        message = await read_json(request, StartBlobUploadRequest)
        if not message.name or "/" in message.name:
            raise BadRequest(reason="a file needs a name, without folders")
        details = {"name": message.name, "size": message.content_length}
        session = await self._uploads.begin(caller.uploader or 0, PURPOSE, details)
        ticket = {"account": session.account_id, "session": session.id}
        signed = self._signer.sign(PURPOSE, ticket, self._context.services.settings.upload_lease_seconds)
        origin = public_origin(request, self._context.services.settings)
        address = f"{origin}{ROOT}/{SERVICE}/uploads/{signed}"
        return json_response(StartBlobUploadResponse(token=session.id, create_url=address))

    async def send(self, request: Request) -> Response:
        """Take bytes, and say how many there are now."""
        session = await self._session(request.path_params["upload"])
        total = int(session.details["size"])
        offset = _offset(request.headers.get("content-range"), total)
        if offset is None or (offset == total and session.size == total):
            return _state(session.size, total)
        body = _Body(request, total - offset)
        try:
            part = await self._uploads.append(session, offset, body.parts())
        except UploadOutOfOrder as error:
            return _state(int(error.details["size"]), total)
        if body.broken_off:
            raise ClientDisconnect  # nobody is there to read an answer
        return _state(offset + part.size, total)

    async def _session(self, upload: str) -> Session:
        try:
            ticket = msgspec.convert(self._signer.verify(PURPOSE, upload), Ticket)
        except msgspec.ValidationError:
            raise InvalidCredentials from None
        return await self._uploads.find(ticket.session, ticket.account, PURPOSE)


class _Body:
    """The body of a request, of at most ``limit`` bytes. Where the connection breaks, what arrived before is kept: the
    client asks how much that was and goes on.
    """

    def __init__(self, request: Request, limit: int) -> None:
        self._request, self._limit = request, limit
        self.broken_off = False

    async def parts(self) -> AsyncIterator[Buffer]:
        """The parts as they arrive."""
        try:
            async for part in stream_body(self._request, self._limit):
                yield part
        except ClientDisconnect:
            self.broken_off = True


def _offset(content_range: str | None, total: int) -> int | None:
    """Where the body belongs; ``None`` for a question. :class:`BadRequest` for what does not fit the upload."""
    if content_range is None:
        return 0
    found = _RANGE.match(content_range)
    if found is None or int(found[3]) != total:
        raise BadRequest(reason=f"Content-Range does not fit an upload of {total} bytes")
    if found[1] is None:
        return None
    first, last = int(found[1]), int(found[2])
    if not first <= last < total:
        raise BadRequest(reason="Content-Range is no range of the upload")
    return first


def _state(size: int, total: int) -> Response:
    if size == total:
        return Response(status_code=200)
    return Response(status_code=308, headers={"Range": f"bytes=0-{size - 1}"} if size else {})
