"""The routes of the Xet protocol, below ``/xet``."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from commonground.errors import BadRequest, CommongroundError, CorruptBlob, PayloadTooLarge, SizeMismatch
from commonground.gateways.xet.addresses import addresses, check_granted, granted
from commonground.gateways.xet.budget import ByteBudget
from commonground.gateways.xet.wire import (
    BatchAnswer,
    Failure,
    GrantAnswer,
    GrantRequest,
    Result,
    UploadShardAnswer,
    UploadXorbAnswer,
    Validating,
    parse_hash,
    parse_range,
)
from commonground.gateways.xet.xorb_answer import send_xorb
from commonground.http.bodies import read_body, read_json, stream_body
from commonground.http.files import HeadersOnly
from commonground.http.gateway import Snippet, Use
from commonground.http.identity import public_origin
from commonground.http.ranges import parse_ranges
from commonground.http.responses import error_body, error_headers, json_response
from commonground.http.routing import Handler, Route
from commonground.http.transfer_tokens import XetToken, read_xet
from commonground.services import Services
from commonground.store.xet.limits import MAX_SHARD_LENGTH, MAX_XORB_LENGTH, MAX_XORB_UPLOAD
from commonground.store.xet.reconstruction import UrlFor, answer_v1, answer_v2

BODY_BUDGET = 160 * 2**20
"""Bytes of uploads held in memory at a time, per process."""
GRANT = "xet-grant"
"""Purpose of the ids of grants."""
BATCH_LIMIT = 1000
TELEMETRY_LIMIT = 2**20
HEARTBEAT_SECONDS = 10.0
_encode = msgspec.json.Encoder().encode


class XetGateway:
    """Speaks the Xet protocol for the store. Tokens come from :mod:`commonground.http.transfer_tokens`."""

    def __init__(self, services: Services) -> None:
        self._store = services.store
        self._signer = services.signer
        self._settings = services.settings
        self._budget = ByteBudget(BODY_BUDGET)
        self._running: set[asyncio.Task[Any]] = set()

    def routes(self) -> list[Route]:
        """All endpoints."""
        table: list[tuple[str, str, Handler, str]] = [
            (
                "GET",
                "/v1/chunks/{prefix:default|default-merkledb}/{hash}",
                self.dedup,
                "Where a chunk is stored already",
            ),
            ("POST", "/v1/xorbs/{prefix:default}/{hash}", self.put_xorb, "Upload a xorb"),
            ("HEAD", "/v1/xorbs/{prefix:default}/{hash}", self.head_xorb, "Whether the caller uploaded a xorb"),
            ("GET", "/v1/xorbs/{prefix:default}/{hash}", self.get_xorb, "Read the granted ranges of a xorb"),
            ("POST", "/v1/xorb-grants/{prefix:default}/{hash}", self.grant, "Ask to upload past the server"),
            ("POST", "/v1/xorb-commits/{prefix:default}/{hash}/grant/{id}", self.commit, "Finish such an upload"),
            ("POST", "/v1/shards", self.put_shard, "Upload a shard"),
            ("POST", "/v2/shards", self.put_shard_reporting, "Upload a shard, with progress"),
            ("GET", "/v1/reconstructions/{hash}", self.reconstruct_v1, "How to rebuild a file"),
            ("GET", "/v2/reconstructions/{hash}", self.reconstruct_v2, "How to rebuild a file"),
            ("GET", "/v1/reconstructions", self.reconstruct_batch, "How to rebuild several files"),
            ("POST", "/v1/reconstructions", self.reconstruct_batch, "How to rebuild several files"),
            ("HEAD", "/v1/files/{hash}", self.head_file, "Size of a file"),
            ("POST", "/v1/telemetry", self.telemetry, "Take the client's figures"),
        ]
        return [
            Route(
                method=method,
                template=f"/xet{path}",
                handler=handler,
                summary=text,
                tag="xet",
                render_error=render_error,
            )
            for method, path, handler, text in table
        ]

    def snippets(self, use: Use) -> list[Snippet]:
        """None: the clients of this protocol come through others."""
        return []

    # --- writing ------------------------------------------------------------------------------------------------------

    async def put_xorb(self, request: Request) -> Response:
        """Verify and keep a xorb."""
        account = self._token(request).writer
        async with self._budget.take(_announced(request, MAX_XORB_UPLOAD)):
            body = await _read_whole(request, MAX_XORB_UPLOAD)
            inserted = await self._store.put_xorb(account, request.path_params["hash"], body)
        return json_response(UploadXorbAnswer(inserted))

    async def put_shard(self, request: Request) -> Response:
        """Check a shard and record its files."""
        return json_response(UploadShardAnswer(await self._add_shard(request)))

    async def put_shard_reporting(self, request: Request) -> Response:
        """The same with a line of JSON from time to time while a large shard is checked."""
        account = self._token(request).writer
        async with self._budget.take(_announced(request, MAX_SHARD_LENGTH)):
            body = await _read_whole(request, MAX_SHARD_LENGTH)
            work = asyncio.create_task(self._store.add_shard(account, body))
        self._running.add(work)
        work.add_done_callback(self._running.discard)
        await asyncio.wait({work}, timeout=HEARTBEAT_SECONDS)
        if work.done():
            work.result()
        return StreamingResponse(_progress(work), media_type="application/x-ndjson")

    async def grant(self, request: Request) -> Response:
        """An address to upload a xorb to, 404 where the backend has none."""
        account, name = self._token(request).writer, request.path_params["hash"]
        wanted = await read_json(request, GrantRequest)
        if not 0 < wanted.length <= MAX_XORB_LENGTH:
            raise PayloadTooLarge(limit=MAX_XORB_LENGTH)
        if await self._store.has_xorb(account, name):
            return Response(status_code=200)
        key, url = await self._store.grant_xorb(name, self._settings.token_seconds)
        payload = {"account": account, "xorb": name, "key": key, "length": wanted.length}
        identity = self._signer.sign(GRANT, payload, 2 * self._settings.token_seconds)
        return json_response(GrantAnswer(identity, "PUT", url, {}), 201)

    async def commit(self, request: Request) -> Response:
        """Verify a xorb that was uploaded past the server."""
        account, name = self._token(request).writer, request.path_params["hash"]
        payload = self._signer.verify(GRANT, request.path_params["id"])
        if (payload["account"], payload["xorb"]) != (account, name):
            raise BadRequest(reason="the grant is for another upload")
        async with self._budget.take(payload["length"]):
            inserted = await self._store.commit_grant(account, name, payload["key"], payload["length"])
        return json_response(UploadXorbAnswer(inserted))

    # --- reading ------------------------------------------------------------------------------------------------------

    async def dedup(self, request: Request) -> Response:
        """A shard that tells where a chunk and its neighbours are stored; 404 when the caller may not know."""
        token = self._token(request)
        answer = await self._store.dedup(token.account, parse_hash(request.path_params["hash"]))
        if answer is None:
            return Response(status_code=404)
        return Response(answer, media_type="application/octet-stream")

    async def head_xorb(self, request: Request) -> Response:
        """Whether the caller has uploaded a xorb, or the size at a signed address."""
        if "grant" in request.query_params:
            return await self.get_xorb(request)
        known = await self._store.has_xorb(self._token(request).account, request.path_params["hash"])
        return Response(status_code=200 if known else 404)

    async def get_xorb(self, request: Request) -> Response:
        """Bytes of a xorb at a signed address."""
        name = request.path_params["hash"]
        allowed = granted(self._signer, name, request.query_params.get("grant", ""))
        xorb = await self._store.xorbs.find(parse_hash(name))
        asked = parse_ranges(request.headers.get("range"), xorb.packed_length)
        check_granted(asked or [(0, xorb.packed_length)], allowed)
        return await send_xorb(request, self._store, xorb.hash, xorb.packed_length, asked)

    async def reconstruct_v1(self, request: Request) -> Response:
        """The plan of a file, or of a range of it, with an address for every run of chunks."""
        return await self._reconstruct(request, answer_v1)

    async def reconstruct_v2(self, request: Request) -> Response:
        """The same with one address for all runs of a xorb."""
        return await self._reconstruct(request, answer_v2)

    async def reconstruct_batch(self, request: Request) -> Response:
        """The plans of several whole files (``?file_id=`` or a JSON list of hashes)."""
        token = self._token(request)
        names = request.query_params.getlist("file_id")
        if request.method == "POST":
            names += [_batch_name(item) for item in await read_json(request, list[str | dict[str, str]])]
        if len(names) > BATCH_LIMIT:
            raise BadRequest(reason=f"more than {BATCH_LIMIT} files")
        answer = BatchAnswer({}, {})
        for name in dict.fromkeys(names):
            file = await self._store.permitted(token.account, token.repository, parse_hash(name))
            one = answer_v1(await self._store.reconstruction(file.hash), self._address(request))
            answer.files[name] = one.terms
            for xorb, fetches in one.fetch_info.items():
                answer.fetch_info.setdefault(xorb, []).extend(fetches)
        return json_response(answer)

    async def head_file(self, request: Request) -> Response:
        """The size of a file, as ``Content-Length``."""
        token = self._token(request)
        file = await self._store.permitted(token.account, token.repository, parse_hash(request.path_params["hash"]))
        return HeadersOnly(200, {"Content-Length": str(file.size)})

    async def telemetry(self, request: Request) -> Response:
        """Take the figures a client reports about its transfers; they are not kept."""
        self._token(request)
        await read_body(request, TELEMETRY_LIMIT)
        return Response(status_code=200)

    # --- shared -------------------------------------------------------------------------------------------------------

    def _token(self, request: Request) -> XetToken:
        return read_xet(self._signer, request)

    def _address(self, request: Request) -> UrlFor:
        base = f"{public_origin(request, self._settings)}/xet"
        return addresses(self._signer, base, self._settings.token_seconds)

    async def _add_shard(self, request: Request) -> int:
        account = self._token(request).writer
        async with self._budget.take(_announced(request, MAX_SHARD_LENGTH)):
            body = await _read_whole(request, MAX_SHARD_LENGTH)
            await self._store.add_shard(account, body)
        return 1

    async def _reconstruct(self, request: Request, encode: Callable[[Any, UrlFor], Any]) -> Response:
        token = self._token(request)
        file = await self._store.permitted(token.account, token.repository, parse_hash(request.path_params["hash"]))
        span = parse_range(request.headers.get("range"), file.size)
        plan = await self._store.reconstruction(file.hash, span)
        return json_response(encode(plan, self._address(request)))


def render_error(request: Request, error: CommongroundError) -> Response:
    """The usual envelope. Damage is 410 here: clients repeat a 5xx for minutes, and it will not get better."""
    status = 410 if isinstance(error, CorruptBlob) else error.status
    return json_response(error_body(request, error), status, error_headers(error))


def _announced(request: Request, limit: int) -> int:
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        return limit
    if int(length) > limit:
        raise PayloadTooLarge(limit=limit)
    return int(length)


async def _read_whole(request: Request, limit: int) -> bytearray:
    """The body in one buffer; :class:`SizeMismatch` when it is shorter than announced."""
    body = bytearray()
    async for part in stream_body(request, limit):
        body += part
    length = request.headers.get("content-length", "")
    if length.isdigit() and len(body) != int(length):
        raise SizeMismatch(actual=len(body), expected=int(length))
    return body


def _batch_name(item: str | dict[str, str]) -> str:
    return item if isinstance(item, str) else item.get("hash", "")


async def _progress(work: "asyncio.Task[Any]") -> AsyncIterator[bytes]:
    while not work.done():
        yield _encode(Validating(0, 1)) + b"\n"
        await asyncio.wait({work}, timeout=HEARTBEAT_SECONDS)
    try:
        await work
        yield _encode(Validating(1, 1)) + b"\n" + _encode(Result(1)) + b"\n"
    except CommongroundError as error:
        yield _encode(Failure(error.message(), error.code, error.status >= 500)) + b"\n"
